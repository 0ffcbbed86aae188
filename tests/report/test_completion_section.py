"""Report on a completed annotation: new isoforms are judged, the input's transcripts are not."""

import re

import pytest

from tests.report.made_completion import write_completion
from tests.report.made_run import HOSTILE
from tests.report.page_reader import Page
from transgenic_dagster.errors import InputError
from transgenic_dagster.run.report import make_report


@pytest.fixture
def page(tmp_path):
    return Page(make_report(write_completion(tmp_path)))


def test_genes_are_counted_by_what_they_gained(page):
    outcomes = {name.split(":")[0]: row[0] for name, row in page.rows("accounting").items()}
    assert outcomes == {
        "gained isoforms": "2",
        "gained none": "4",
        "could not be continued by the model": "1",
        "skipped": "1",
        "all genes of the input": "8",
    }
    assert page.rows("gained") == {"1": ["2", "2"], "all": ["2", "2"]}
    assert [row[1] for row in page.tables["novelty"][1:]] == ["1", "1", "0", "2"]
    events = {name: row for name, row in page.rows("events").items() if row != ["0", "0"]}
    assert events == {"alternative 3′ splice site": ["0", "1"]}


def test_every_row_of_the_input_is_counted_as_kept(page):
    kept = page.rows("kept")
    assert kept["gene"] == ["8", "6", "2", "0"]
    assert kept["mRNA"] == ["8", "8", "0", "2"]
    assert kept["exon"] == ["11", "11", "0", "3"]
    assert any("All 9 transcripts of the input" in text for text in page.text)


def test_only_what_is_new_is_judged(page):
    frames = page.rows("frames")
    assert frames["all transcripts"][0] == "2"
    assert frames["broken: no reading frame fits"][0] == "1"
    # The first coding part of one is the input's, and was given to the model.
    assert page.rows("probabilities")["all"] == ["2", "2", "2"]
    assert page.rows("probabilities")["moved by refinement"][2] == "1"
    assert page.rows("structure")["Coding transcripts"] == ["2", "8"]


def test_broken_isoforms_come_first_and_genes_that_gained_are_drawn(page):
    texts = [text.strip() for text in page.text]
    assert "broken reading frame (2 stop codons in frame)" in texts
    assert sum(text.endswith(f". {HOSTILE}") for text in texts) == 2
    assert sum(text.endswith(". same") for text in texts) == 1


def test_without_its_input_there_is_no_report(tmp_path):
    output = write_completion(tmp_path)
    (tmp_path / "genes.gff3").unlink()
    with pytest.raises(InputError, match=r"completed annotation needs its input\. .*not there any"):
        make_report(output)


@pytest.mark.parametrize(
    ("pattern", "replacement", "fault"),
    [
        (r"\n[^\n]*\thand\texon\t[^\n]*", "", "line 4 is not the input's, or of a new isoform"),
        (r"\n[^\n]*origin=completed", "", "line 8 is not the input's, or of a new isoform"),
        (r"\n[^\n]*new:same.t1[^\n]*", "", "same has 0 new isoforms, but says 1"),
    ],
)
def test_an_annotation_that_was_changed_is_refused(tmp_path, pattern, replacement, fault):
    output = write_completion(tmp_path)
    output.write_text(
        re.sub(pattern, replacement, output.read_text(), count="same.t1" not in pattern)
    )
    with pytest.raises(InputError, match=fault):
        make_report(output)
