"""Drives the form in Chromium as a biologist does."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Error, Locator, Page, expect, sync_playwright

from tests.galaxy.form import Parameter, section_titles, visible_parameters
from tests.galaxy.jobs import (
    DEMO_OUTCOME,
    History,
    check_environment,
    is_alive,
    wait_for_prediction,
    wait_until,
)
from tests.galaxy.server import EMAIL, FIRST, PASSWORD
from tests.waiting import PATIENCE_SECONDS

_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_PATIENCE_MS = 1000 * PATIENCE_SECONDS
_CLICK_MS = 2000
CANCEL_LIMIT = 10.0
"""A second where the machine does nothing else; what is not ended would go on for minutes."""
_IS_BOX = "contains(concat(' ', @class, ' '), ' ui-portlet-section ')"
_SCROLL_TO_TOP = "panel => panel.querySelectorAll('*').forEach(part => part.scrollTo(0, 0))"


@contextmanager
def logged_in(history: History, chromium: str) -> Iterator[Page]:
    """A page of the user, with the history as the current one."""
    url = history.galaxy.url
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1200})
        page.set_default_timeout(_PATIENCE_MS)
        page.goto(f"{url}/login")
        page.locator("input[name=login]").fill(EMAIL)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("button[name=login]").click()
        page.wait_for_url(lambda address: "/login" not in address)
        # A new session begins with an empty history of its own.
        page.request.get(f"{url}/history/set_as_current?id={history.id}")
        yield page
        browser.close()


def check_form(page: Page, history: History, screenshot: Path) -> None:
    """Every parameter is there with its label and its help.

    Args:
        page: of the logged-in user.
        history: the current one.
        screenshot: picture of the form to write, with its sections open.
    """
    _open_form(page, history)
    for title in section_titles():
        page.get_by_text(title, exact=True).first.click()
    _choose(page, "advanced|sampling|do_sample", "Draw at random")
    for parameter in visible_parameters({"sampling": "yes", "genome_source": "history"}):
        check_field(_field(page, parameter.path), parameter)
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.screenshot(path=screenshot)


def check_field(field: Locator, parameter: Parameter) -> None:
    """A field of the form has its own label, letter by letter, and its own help."""
    expect(field).to_be_visible()
    if parameter.selects:  # Galaxy has it as the heading of the box around the conditional
        title = field.locator(f"xpath=ancestor::*[{_IS_BOX}][1]").locator("> .portlet-header b")
    else:
        title = field.locator(".ui-form-title-text")
    expect(title).to_be_visible()
    expect(title).to_have_text(parameter.label)
    expect(field.locator(".ui-form-info")).to_contain_text(parameter.help)


def run_by_clicking(page: Page, history: History, screenshot: Path) -> None:
    """A run that is started by clicking turns green, and its results can be looked at.

    Args:
        page: of the logged-in user.
        history: the current one.
        screenshot: picture of the gene models in Galaxy's viewer to write; those of the genes
            without a model and of the report are written beside it.
    """
    _open_form(page, history)
    _choose(page, "model_source|source", "The bundled demo model")
    page.get_by_role("button", name="Run Tool").first.click()
    models = _output(page, "gene models")
    expect(models).to_have_attribute("data-state", "ok")
    rejects = _output(page, "genes without a model")
    expect(rejects).to_have_attribute("data-state", "ok")
    models.get_by_title("View").click()
    first_gene = page.get_by_role("cell", name="ID=gene:DEMO1G00010;GM=DEMO1G00010")
    expect(first_gene).to_be_visible()
    page.screenshot(path=screenshot)
    rejects.get_by_title("View").click()
    expect(page.get_by_role("cell", name="mixed_strand")).to_be_visible()
    rejects.locator(".content-title").click()
    expect(rejects).to_contain_text(DEMO_OUTCOME)
    page.screenshot(path=screenshot.with_name("galaxy_rejects.png"))
    check_report(page, screenshot.with_name("galaxy_report.png"))


def check_report(page: Page, screenshot: Path) -> None:
    """The viewer shows the report with its layout and charts, as Galaxy does once it is told to.

    Args:
        page: of the logged-in user, after a run.
        screenshot: picture of the report in Galaxy's viewer to write.
    """
    _output(page, "report").get_by_title("View").click()
    report = page.frame_locator("iframe#frame")
    heading = report.get_by_role("heading", name="Genes to look at first")
    expect(heading).to_be_visible()
    expect(heading).to_have_css("border-top-style", "solid")
    expect(report.get_by_role("img", name="Genes along the sequences")).to_be_attached()
    page.screenshot(path=screenshot)


def show_form_and_results(page: Page, history: History, screenshot: Path) -> None:
    """Take a picture of the form beside the results of a run."""
    _open_form(page, history)
    _choose(page, "model_source|source", "The bundled demo model")
    page.mouse.move(0, 0)
    page.locator("#center").evaluate(_SCROLL_TO_TOP)
    page.screenshot(path=screenshot)


def cancel_by_clicking(page: Page, history: History) -> float:
    """Delete the outputs of a running job; return the seconds until its processes are gone."""
    started = history.run(num_beams=25)
    processes = wait_for_prediction(history, str(started["jobs"][0]["id"]))
    check_environment(history.galaxy, processes[-1], FIRST)
    for output in started["outputs"]:
        _delete(page, history, output["id"])
    cancelled = time.monotonic()
    wait_until(lambda: not any(map(is_alive, processes)), "end")
    seconds = time.monotonic() - cancelled
    if seconds > CANCEL_LIMIT:
        raise SystemExit(f"a cancelled run took {seconds:.1f} s to end")
    return seconds


def _delete(page: Page, history: History, dataset: str) -> None:
    """Delete a running job's output, by another click where the list moves under the pointer."""
    item = page.locator(f"#dataset-{dataset}")
    expect(item).to_have_attribute("data-state", "running")

    def deleted() -> bool:
        with suppress(Error):
            item.get_by_title("Delete").click(timeout=_CLICK_MS)
        return bool(history.api.datasets.show_dataset(dataset)["deleted"])

    wait_until(deleted, "lose its output")


def _open_form(page: Page, history: History) -> None:
    page.goto(f"{history.galaxy.url}/?tool_id=transgenic_annotate")
    button = page.get_by_role("button", name="Run Tool").first
    expect(button).to_be_enabled()


def _field(page: Page, parameter: str) -> Locator:
    return page.locator(f'[id="form-element-{parameter}"]')


def _choose(page: Page, parameter: str, option: str) -> None:
    """Choose an option of a select field by the beginning of its text."""
    field = _field(page, parameter)
    field.locator(".multiselect").click()
    field.locator(".multiselect__option").filter(has_text=re.compile(rf"^\s*{option}")).click()


def _output(page: Page, label: str) -> Locator:
    """The newest item of the history with a label that ends so."""
    return page.locator(".content-item").filter(has_text=f": {label}").first
