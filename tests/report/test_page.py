"""The report as a page: it stands alone, is valid, fits screens, and takes no name for HTML."""

import re
import shutil
import subprocess
from collections import Counter

import pytest

from tests.report.made_completion import write_completion
from tests.report.made_run import HOSTILE, write_run
from tests.report.page_reader import Page
from transgenic_dagster.run.report import make_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
WIDTHS = {"desktop": 1280, "phone": 390}


@pytest.fixture(scope="module", params=[write_run, write_completion])
def report(request, tmp_path_factory):
    return make_report(request.param(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def page(report):
    return Page(report)


def test_the_page_needs_nothing_else(page, report):
    assert not {"script", "iframe", "object", "embed", "img", "base", "form"} & set(page.tags)
    links = [v for _, name, v in page.attributes if name in {"src", "href", "xlink:href"}]
    assert links
    assert all(link.startswith(("#", "data:,")) for link in links)
    assert not re.search(r"@import|url\((?!#)", report.read_text())
    assert not any(name.startswith("on") for _, name, _ in page.attributes)


def test_a_run_that_was_not_refined_has_no_probabilities_but_confidence(tmp_path):
    output = write_run(tmp_path)
    page = Page(make_report(output))
    assert "ends" in page.tables
    text = re.sub(r"isoform_probability=[^;]*;", "", output.read_text())
    output.write_text(re.sub(r"(\tCDS\t\d+\t\d+\t)[\d.]+", r"\1.", text))
    plain = Page(make_report(output))
    assert [row[0] for row in plain.tables["probabilities"]][:2] == ["Probability", "0.99 to 1"]
    assert {len(row) for row in plain.tables["probabilities"]} == {2}
    assert "ends" not in plain.tables
    heads = {"isoforms with most of the probability", "coding parts with likely ends"}
    assert not heads & {text.strip() for text in plain.text}
    assert heads < {text.strip() for text in page.text}


def test_links_lead_to_identifiers_that_are_there_once(page):
    identifiers = Counter(value for _, name, value in page.attributes if name == "id")
    assert identifiers.most_common(1)[0][1] == 1
    links = {v for _, name, v in page.attributes if name in {"href", "xlink:href"}} - {"data:,"}
    assert {link.removeprefix("#") for link in links} <= set(identifiers)


def test_names_are_shown_as_they_are_and_never_as_html(page, report):
    assert any(HOSTILE in text for text in page.text)
    assert "<script" not in report.read_text()
    assert "because of <b>no_cds</b>" in [row[3] for row in page.tables["examples"]]
    assert "b" in page.tags  # of captions; the rejects' are text


def test_the_report_of_a_run_is_always_the_same(report, tmp_path):
    again = make_report(report.parent / "out.gff3.ckpt.json", tmp_path / "again.html")
    assert again.read_bytes() == report.read_bytes()


def test_figures_and_tables_are_numbered_in_order(page):
    for noun in ("Figure", "Table"):
        numbers = re.findall(rf"^{noun} (\d+)\.$", "\n".join(page.text), re.MULTILINE)
        assert numbers == [str(n + 1) for n in range(len(numbers))]
        assert len(numbers) >= 4


@pytest.mark.skipif(shutil.which("tidy") is None, reason="tidy is not on the PATH")
def test_the_page_is_valid_html(report):
    done = subprocess.run(
        ["tidy", "-quiet", "-errors", report], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH")
@pytest.mark.parametrize("screen", WIDTHS)
def test_the_page_asks_for_nothing_and_fits_the_screen(report, screen):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        view = browser.new_page(viewport={"width": WIDTHS[screen], "height": 900})
        requests, messages = [], []
        view.on("request", lambda request: requests.append(request.url))
        view.on("console", lambda message: messages.append(message.text))
        view.goto(report.as_uri())
        width = view.evaluate("document.documentElement.scrollWidth")
        overlaps = view.evaluate(OVERLAPS)
        browser.close()
    assert requests == [report.as_uri()]
    assert messages == []
    assert width <= WIDTHS[screen]
    assert overlaps == []


# Texts of one chart that lie on each other, as pairs.
OVERLAPS = """() => [...document.querySelectorAll('svg')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')]
    .map(t => [t.textContent, t.getBoundingClientRect()]);
  const found = [];
  texts.forEach(([one, a], i) => texts.slice(i + 1).forEach(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 3) found.push([one, other]);
  }));
  return found;
})"""
