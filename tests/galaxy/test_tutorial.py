"""The tutorial names only what its reader finds in the form, in the history and in the report."""

import re
from pathlib import Path

from tests.galaxy import form
from tests.galaxy.form import TOOL

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "galaxy-tutorial.md").read_text(encoding="utf-8")
REPORT = (ROOT / "transgenic_dagster/report/templates/report.html").read_text(encoding="utf-8")
OTHERS = {"TransGenic tutorial", "gffread", "Genome annotation statistics", "JBrowse"}
"""A name that the reader gives, and other tools."""


def named():
    """What stands in italics, which is how the page names things to click on."""
    text = re.sub(r"\*\*[^*]+\*\*|^[> ]*\* ", "", PAGE, flags=re.MULTILINE)
    return {" ".join(phrase.split()) for phrase in re.findall(r"\*([^*]+)\*", text)}


def shown():
    """Labels, choices and names of results."""
    tool = form.tool()
    yield tool.attrib["name"]
    for element in tool.iter():
        if label := element.get("label"):
            yield label.partition(" on ${on_string}: ")[2] or label
        if element.tag == "option" and element.text:
            yield element.text


def test_every_name_on_the_page_is_that_of_a_field_a_choice_a_result_or_a_section():
    known = OTHERS | set(shown()) | set(re.findall(r"<h2>(?:{%[^%]*%})?([^<{]+)", REPORT))
    assert len(named()) > 15
    assert named() - known == set()


def test_files_that_it_names_are_there():
    files = set(re.findall(r"`(galaxy_tool/[^`]+)`", PAGE))
    assert len(files) == 2
    assert all((ROOT / name).exists() for name in files)
    for name in ("genome.fa.gz", "genes.gff3"):
        assert f"`{name}`" in PAGE
        assert (TOOL.parent / "test-data" / name).is_file()


def test_what_it_says_of_the_demo_is_what_the_tool_says():
    (line,) = re.findall(r"`(50 genes: [^`]+)`", PAGE)
    assert line in {one.get("line") for one in form.tool().iter("has_line")}
