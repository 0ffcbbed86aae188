"""Reading an annotation back finds what is wrong with it."""

import pytest

from transgenic_dagster.gene_models.gff3_check import MOST_FAULTS, check_gff3

GOOD = """\
##gff-version 3
##sequence-region c 1 100
c\ttransgenic\tgene\t1\t90\t.\t+\t.\tID=gene:a%3Bb;GM=a%3Bb
c\ttransgenic\tmRNA\t1\t90\t.\t+\t.\tID=mRNA:a;Parent=gene:a%3Bb
c\ttransgenic\texon\t1\t90\t.\t+\t.\tID=exon:a;Parent=mRNA:a
c\ttransgenic\tCDS\t1\t30\t.\t+\t0\tID=CDS:a;Parent=mRNA:a
c\ttransgenic\tCDS\t61\t90\t.\t+\t0\tID=CDS:a;Parent=mRNA:a
###
"""


def check(tmp_path, text):
    path = tmp_path / "a.gff3"
    path.write_text(text)
    return check_gff3(path)


def test_a_good_file_has_no_faults(tmp_path):
    found = check(tmp_path, GOOD)
    assert (found.genes, found.rows, found.faults) == (["a;b"], 5, [])


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("##gff-version 3", "##gff-version 2", "line 1: it does not say"),
        ("exon\t1\t90", "exon\t1\t95", "line 5: it is not within its parent"),
        ("exon\t1\t90", "exon\t0\t90", "line 5: its coordinates 0..90"),
        ("exon\t1\t90", "exon\t90\t1", "line 5: its coordinates 90..1"),
        ("gene\t1\t90", "gene\t1\t101", "line 3: it ends at 101, beyond the 100 nt of c"),
        ("exon\t1\t90\t.\t+\t.", "exon\t1\t90\t.\t+\t0", "line 5: its phase is '0'"),
        ("CDS\t1\t30\t.\t+\t0", "CDS\t1\t30\t.\t+\t.", "line 6: its phase is '.'"),
        ("exon\t1\t90\t.\t+", "exon\t1\t90\t.\tx", "line 5: its strand is 'x'"),
        ("ID=exon:a;", "ID=mRNA:a;", "line 5: its ID mRNA:a is taken"),
        ("ID=exon:a;", "", "line 5: it has no ID"),
        ("exon:a;Parent=mRNA:a", "exon:a;Parent=mRNA:b", "line 5: its parent does not come"),
        ("exon:a;Parent", "exon:a;nothing;Parent", "line 5: its attributes are not NAME=VALUE"),
        ("c\ttransgenic\texon", "d\ttransgenic\texon", "line 5: its sequence d has no"),
        ("\ttransgenic\texon", "\texon", "line 5: it has 8 columns, not 9"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, before, after, fault):
    assert before in GOOD
    found = check(tmp_path, GOOD.replace(before, after, 1))
    assert any(one.startswith(fault) for one in found.faults), found.faults


def test_a_file_full_of_faults_is_not_read_to_its_end(tmp_path):
    found = check(tmp_path, "##gff-version 3\n" + "x\n" * 1000)
    assert len(found.faults) == MOST_FAULTS


COMPLETED = """\
##gff-version 3
c\tx\tgene\t5\t90\t.\t+\t.\tID=a%20b;note;
c\tx\tCDS\t1\t95\t.\t+\t.\tParent=nobody
c\ttransgenic\tmRNA\t11\t90\t.\t+\t.\tID=mRNA:a.1;Parent=a b;origin=completed
c\ttransgenic\tCDS\t11\t40\t.\t+\t0\tID=CDS:a.1;Parent=mRNA:a.1
c\tx\tgene\t101\t190\t.\t+\t.\tID=a%20b
c\ttransgenic\tmRNA\t111\t190\t.\t+\t.\tID=mRNA:a-2.1;Parent=a%20b;origin=completed
"""


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("", "", None),
        ("gene\t5\t90", "gene\t5\t80", "line 4: it is not within its parent"),
        ("Parent=a b", "Parent=b", "line 4: its parent does not come before it"),
        ("CDS\t11\t40\t.\t+\t0", "CDS\t11\t40\t.\t+\t.", "line 5: its phase is '.'"),
        ("ID=mRNA:a-2.1", "ID=mRNA:a.1", "line 7: its ID mRNA:a.1 is taken"),
    ],
)
def test_of_a_completed_annotation_only_new_rows_are_judged(tmp_path, before, after, fault):
    path = tmp_path / "a.gff3"
    path.write_text(COMPLETED.replace(before, after, 1))
    found = check_gff3(path, {"c": 200})
    assert found.faults == ([fault] if fault else [])


KEPT = """\
d\tours\tgene\t90\t300\t.\t+\t.\tID=g;GM=g;kept=no_cds
d\tours\tmRNA\t80\t300\t.\t+\t.\tID=m;Parent=g
d\tours\tCDS\t90\t300\t.\t+\t.\tParent=m,m
###
"""


def test_rows_kept_from_the_input_may_be_as_they_were(tmp_path):
    found = check(tmp_path, GOOD + KEPT)
    assert (found.genes, found.kept, found.faults) == (["a;b"], ["g"], [])


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("Parent=m,m", "Parent=m,n", "line 11: its parent does not come"),
        ("ID=m;", "ID=g;", "line 10: its ID g is taken"),
        ("kept=no_cds", "x=y", "line 10: it is not within its parent"),
    ],
)
def test_kept_rows_must_hang_together(tmp_path, before, after, fault):
    found = check(tmp_path, GOOD + KEPT.replace(before, after))
    assert any(one.startswith(fault) for one in found.faults), found.faults
