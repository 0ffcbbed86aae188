"""Which genes the report shows first, and why."""

import pytest

from tests.report.made_run import HOSTILE, write_run
from tests.report.page_reader import Page
from transgenic_dagster.gene_models.gene_model import Interval
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.report.concerns import Concern, Kind, Suspect, Suspects, shared_fraction
from transgenic_dagster.report.remedies import REMEDIES
from transgenic_dagster.run.report import make_report


def suspect(name, **severities):
    concerns = [Concern(Kind[kind], value, kind) for kind, value in severities.items()]
    return Suspect(name, None, None, None, concerns)


def chosen(suspects):
    found = Suspects()
    for one in suspects:
        found.add(one)
    return [one.gene_id for one in found.chosen()]


def test_kinds_take_turns_with_their_gravest_gene():
    broken = [suspect(f"b{n}", BROKEN_FRAME=n) for n in range(50)]
    assert chosen([*broken, suspect("unsure", LOW_CONFIDENCE=0.3)])[:3] == ["b49", "unsure", "b48"]


def test_no_more_than_twenty_are_shown_and_each_once():
    names = chosen([suspect(f"g{n}", BROKEN_FRAME=n, PARTIAL=n) for n in range(50)])
    assert names == [f"g{n}" for n in range(49, 29, -1)]


def test_of_equals_the_first_in_the_file_is_shown():
    assert chosen([suspect(f"g{n}", DOUBT=1) for n in range(50)])[:2] == ["g0", "g1"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([], [], 0.0),
        ([(0, 10)], [(0, 10)], 1.0),
        ([(0, 10)], [(5, 15)], 5 / 15),
        ([(0, 10), (20, 30)], [(0, 30)], 20 / 30),
        ([(0, 10), (20, 30)], [(10, 20)], 0.0),
        ([(0, 4), (6, 9)], [(2, 7), (8, 20)], (2 + 1 + 1) / 20),
    ],
)
def test_the_share_of_bases_in_both(one, other, expected):
    parts = [[Interval(*part) for part in side] for side in (one, other)]
    assert shared_fraction(*parts) == pytest.approx(expected)
    assert shared_fraction(*reversed(parts)) == pytest.approx(expected)


def test_every_planted_concern_is_told_and_a_sound_gene_is_not_shown(tmp_path):
    page = Page(make_report(write_run(tmp_path)))
    text = "\n".join(page.text)
    for phrase in (
        "broken reading frame (3 stop codons in frame)",
        "far from the input: 7% of the coding bases of either are in both",
        "no gene model (no_cds), while the input has 1,000 nt of CDS; the input's rows are kept",
        "low confidence (0.60)",
        "unsure of splice acceptor and stop codon at 1,301–1,390 (probability 0.09)",
        "unsure of start and stop codon at 4,001–4,600 (probability 0.40)",
        "1 intron with unusual splice sites",
        "refinement moved a boundary by 40 nt",
        "partial: no start codon",
        "partial: no stop codon",
    ):
        assert phrase in text, phrase
    headings = [line for line in page.text if line[:1].isdigit() and ". " in line[:4]]
    names = {heading.split(". ", 1)[1] for heading in headings}
    assert names == {"broken", "far", "lost", "two", HOSTILE, "long"}


def test_there_is_advice_for_every_reject_reason():
    assert set(REMEDIES) == set(RejectReason)
