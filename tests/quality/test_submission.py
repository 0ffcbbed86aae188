"""Problems planted into a gene that can be submitted, worked out by hand, on both strands."""

import csv
import io
from typing import NamedTuple

import pytest

from transgenic_dagster.gene_models.gene_model import Interval
from transgenic_dagster.quality.submission import (
    COLUMNS,
    Submission,
    check_submission,
    problems_by_gene,
)
from transgenic_dagster.quality.submission_problems import Found, Problem
from transgenic_dagster.sequences.dna import reverse_complement
from transgenic_dagster.sequences.fasta import open_genome

FLANK = "C" * 100
CODING = "ATG" + "GCA" * 60 + "TAA"
GOOD = FLANK + CODING + FLANK  # 101..286 are coding
NAMES = "ID=g;locus_tag=ABC_0001"


class Part(NamedTuple):
    """A row of GFF3, 1-based, on the forward strand."""

    kind: str
    start: int
    end: int
    attributes: str


def gene(start=101, end=286, exons=None, cds=None, names=NAMES, marks="", product="p"):
    """Rows of a gene with one transcript; exons and CDS parts as pairs, 1-based, both ends in."""
    exons = exons or [(start, end)]
    named = f"product={product}" if product else "x=1"
    return [
        Part("gene", start, end, names),
        Part("mRNA", start, end, f"ID=t;Parent=g;{named}"),
        *(Part("exon", *exon, "Parent=t") for exon in exons),
        *(Part("CDS", *part, f"ID=c;Parent=t;{named}{marks}") for part in cds or exons),
    ]


def written(parts, strand="+", seqid="chr1"):
    """Text of rows, with the phases of their CDS parts."""
    done, phases = 0, {}
    cds = sorted(part for part in parts if part.kind == "CDS")
    for part in cds if strand == "+" else cds[::-1]:
        phases[part] = str(-done % 3)
        done += part.end - part.start + 1
    return "".join(
        f"{seqid}\tm\t{one.kind}\t{one.start}\t{one.end}\t.\t{strand}\t{phases.get(one, '.')}"
        f"\t{one.attributes}\n"
        for one in parts
    )


def mirrored(parts, length):
    """The same rows on the other strand of a sequence."""
    swapped = {"start_range": "end_range", "end_range": "start_range"}
    turned = []
    for part in parts:
        pairs = [pair.partition("=") for pair in part.attributes.split(";")]
        attributes = ";".join(f"{swapped.get(name, name)}={value}" for name, _, value in pairs)
        turned.append(
            part._replace(
                start=length + 1 - part.end, end=length + 1 - part.start, attributes=attributes
            )
        )
    return turned


def checked(folder, text, **sequences):
    """All problems as (code, transcript, first base, last base)."""
    fasta, gff3 = folder / "genome.fa", folder / "out.gff3"
    fasta.write_text("".join(f">{name}\n{dna}\n" for name, dna in sequences.items()))
    gff3.write_text("##gff-version 3\n" + text)
    with open_genome(fasta, folder) as genome:
        return [
            (one.problem.value, one.transcript, one.place.start + 1, one.place.end)
            for _, found in problems_by_gene(gff3, genome)
            for one in found
        ]


def with_codon(first, codon, dna=GOOD):
    """The sequence with other bases from a place on, counted from 1."""
    return dna[: first - 1] + codon + dna[first - 1 + len(codon) :]


def spliced(intron):
    """A gene whose CDS is cut after 99 of its bases by an intron, and its sequence."""
    parts = [(101, 199), (200 + intron, 286 + intron)]
    return gene(end=286 + intron, exons=parts), GOOD[:199] + "G" * intron + GOOD[199:]


OPEN_START = ";partial=true;start_range=.,101"
OPEN_END = ";partial=true;end_range=286,."
NO_START = with_codon(101, "GCA")
NO_STOP = with_codon(284, "GCA")
STOP_INSIDE = with_codon(131, "TAG")
HALVES = [(101, 200), (191, 286)]

CASES = {
    "nothing": (gene(), GOOD, []),
    "no locus_tag": (gene(names="ID=g"), GOOD, [("no_locus_tag", "", 101, 286)]),
    "a point in the locus_tag": (
        gene(names="ID=g;locus_tag=ABC_1.2"),
        GOOD,
        [("bad_locus_tag", "", 101, 286)],
    ),
    "a prefix of two letters": (
        gene(names="ID=g;locus_tag=AB_0001"),
        GOOD,
        [("bad_locus_tag", "", 101, 286)],
    ),
    "the form that --locus_prefix writes": (gene(names="ID=g;locus_tag=ATX1_01g000010"), GOOD, []),
    "no product": (gene(product=""), GOOD, [("no_product", "t", 101, 286)]),
    "an accent": (gene(product="prot%C3%A9ine"), GOOD, [("not_ascii", "", 101, 286)]),
    "an end beyond the sequence": (
        gene(end=387, cds=[(101, 286)]),
        GOOD,
        [("beyond_sequence", "", 101, 387)],
    ),
    "a transcript beyond its gene": (
        [Part("gene", 101, 280, NAMES), *gene()[1:]],
        GOOD,
        [("outside_gene", "t", 101, 286)],
    ),
    "CDS beyond its exon": (
        gene(exons=[(101, 200)], cds=[(101, 286)]),
        GOOD,
        [("outside_exons", "t", 101, 286)],
    ),
    "exons that overlap": (gene(exons=HALVES), GOOD, [("overlapping_exons", "t", 191, 200)]),
    "an intron of 9 nt": (*spliced(9), [("short_intron", "t", 199, 209)]),
    "an intron of 10 nt": (*spliced(10), []),
    "parts without a gap": (*spliced(0), [("short_intron", "t", 199, 200)]),
    "two bases more than codons": (
        gene(cds=[(101, 282)], exons=[(101, 286)]),
        GOOD,
        [("broken_frame", "t", 101, 282)],
    ),
    "a stop codon inside": (gene(), STOP_INSIDE, [("internal_stop", "t", 101, 286)]),
    "a stop codon inside a pseudogene": (
        gene(names=f"{NAMES};pseudo=true", product=""),
        STOP_INSIDE,
        [],
    ),
    "another start codon of the standard code": (gene(), with_codon(101, "CTG"), []),
    "no start codon": (gene(), NO_START, [("no_start", "t", 101, 286)]),
    "no stop codon": (gene(), NO_STOP, [("no_stop", "t", 101, 286)]),
    "an open start inside the sequence": (
        gene(marks=OPEN_START),
        NO_START,
        [("inner_partial", "t", 101, 286)],
    ),
    "an open start behind a gap": (gene(marks=OPEN_START), with_codon(100, "N", NO_START), []),
    "an open start behind AG": (gene(marks=OPEN_START), with_codon(99, "AG", NO_START), []),
    "an open start behind GT": (
        gene(marks=OPEN_START),
        with_codon(99, "GT", NO_START),
        [("inner_partial", "t", 101, 286)],
    ),
    "an open start at the sequence's own": (gene(1, 186, marks=OPEN_START), NO_START[100:], []),
    "an open start a base further in": (
        gene(2, 187, marks=OPEN_START),
        NO_START[99:],
        [("inner_partial", "t", 2, 187)],
    ),
    "an open end inside the sequence": (
        gene(marks=OPEN_END),
        NO_STOP,
        [("inner_partial", "t", 101, 286)],
    ),
    "an open end before a gap": (gene(marks=OPEN_END), with_codon(287, "N", NO_STOP), []),
    "an open end before GT": (gene(marks=OPEN_END), with_codon(287, "GT", NO_STOP), []),
    "an open end before AG": (
        gene(marks=OPEN_END),
        with_codon(287, "AG", NO_STOP),
        [("inner_partial", "t", 101, 286)],
    ),
    "an open end at the sequence's own": (gene(marks=OPEN_END), NO_STOP[:286], []),
    "an open end within a codon": (
        gene(end=285, marks=OPEN_END),
        NO_STOP[:285],
        [],
    ),
    "an open end with a stop codon": (
        gene(marks=OPEN_END),
        GOOD[:286],
        [("partial_with_stop", "t", 101, 286)],
    ),
    "49 amino acids": (
        gene(end=250),
        FLANK + "ATG" + "GCA" * 48 + "TAA" + FLANK,
        [("short_protein", "t", 101, 250)],
    ),
    "50 amino acids": (gene(end=253), FLANK + "ATG" + "GCA" * 49 + "TAA" + FLANK, []),
}


@pytest.mark.parametrize("case", CASES)
def test_a_planted_problem_is_found_and_no_other(tmp_path, case):
    parts, dna, expected = CASES[case]
    assert checked(tmp_path, written(parts), chr1=dna) == expected


@pytest.mark.parametrize("case", [one for one in CASES if one != "an end beyond the sequence"])
def test_the_same_is_found_on_the_other_strand(tmp_path, case):
    parts, dna, expected = CASES[case]
    length = len(dna)
    text = written(mirrored(parts, length), "-")
    turned = [(code, t, length + 1 - end, length + 1 - start) for code, t, start, end in expected]
    assert checked(tmp_path, text, chr1=reverse_complement(dna)) == turned


def test_every_problem_is_planted():
    planted = {code for _, _, expected in CASES.values() for code, *_ in expected}
    elsewhere = {"bad_seqid", "duplicate_id", "duplicate_locus_tag"}
    assert planted | elsewhere == {problem.value for problem in Problem}


def test_names_are_taken_once(tmp_path):
    again = written(gene()).replace("Parent=g", "Parent=g2").replace("ID=g;", "ID=g2;")
    assert checked(tmp_path, written(gene()) + again, chr1=GOOD) == [
        ("duplicate_locus_tag", "", 101, 286),
        ("duplicate_id", "t", 101, 286),
        ("duplicate_id", "t", 101, 286),
    ]


def test_an_exon_of_two_transcripts_is_one_feature(tmp_path):
    second = Part("mRNA", 101, 286, "ID=u;Parent=g;product=p")
    rows = [part._replace(attributes=part.attributes.replace("=t", "=t,u")) for part in gene()[2:]]
    text = written([*gene()[:2], second, *rows])
    assert checked(tmp_path, text, chr1=GOOD) == []


def test_exons_of_the_gene_as_a_whole_are_no_transcript(tmp_path):
    whole = [Part("exon", *exon, "Parent=g") for exon in HALVES]
    assert checked(tmp_path, written([*gene(), *whole]), chr1=GOOD) == []


def test_a_cds_on_the_gene_itself_is_checked(tmp_path):
    rows = [Part("gene", 101, 286, NAMES), Part("CDS", 101, 286, "ID=c;Parent=g;product=p")]
    assert checked(tmp_path, written(rows), chr1=STOP_INSIDE) == [
        ("no_product", "", 101, 286),
        ("internal_stop", "", 101, 286),
    ]


def test_a_name_of_a_sequence_is_told_once(tmp_path):
    name = "chr|1"
    two = written(gene(), seqid=name) + written(
        [
            part._replace(attributes=part.attributes.replace("=", "=x").replace("=xABC", "=XABC"))
            for part in gene()
        ],
        seqid=name,
    )
    assert checked(tmp_path, two, **{name: GOOD}) == [("bad_seqid", "", 101, 286)]
    assert checked(tmp_path, written(gene(), seqid="c" * 49), **{"c" * 49: GOOD}) == []
    long = checked(tmp_path, written(gene(), seqid="c" * 50), **{"c" * 50: GOOD})
    assert long == [("bad_seqid", "", 101, 286)]


def test_rows_that_are_no_gene_are_left_alone_and_rna_genes_need_a_locus_tag_only(tmp_path):
    landmark = [Part("region", 1, 386, "ID=r")]
    rna = [Part("gene", 1, 50, "ID=r1"), Part("tRNA", 1, 50, "ID=r2;Parent=r1")]
    assert checked(tmp_path, written(landmark) + written(rna), chr1=GOOD) == [
        ("no_locus_tag", "", 1, 50)
    ]


def test_the_table_tells_what_to_do_and_the_sentence_counts_genes(tmp_path):
    (tmp_path / "genome.fa").write_text(f">chr1\n{STOP_INSIDE}\n")
    text = written(gene(names="ID=g%3B1", product="")).replace("Parent=g;", "Parent=g%3B1;")
    (tmp_path / "out.gff3").write_text(text)
    table = io.StringIO()
    with open_genome(tmp_path / "genome.fa", tmp_path) as genome:
        found = check_submission(tmp_path / "out.gff3", genome, table)
    rows = list(csv.reader(io.StringIO(table.getvalue()), delimiter="\t"))
    place = ["chr1", "101", "286"]
    assert rows == [
        list(COLUMNS),
        ["g%3B1", ".", *place, "no_locus_tag", "refused", Problem.NO_LOCUS_TAG.remedy],
        ["g%3B1", "t", *place, "no_product", "refused", Problem.NO_PRODUCT.remedy],
        ["g%3B1", "t", *place, "internal_stop", "refused", Problem.INTERNAL_STOP.remedy],
    ]
    assert found.summary() == (
        "submission: table2asn would refuse 1 of 1 gene "
        "(no_locus_tag 1, no_product 1, internal_stop 1)"
    )


def test_a_note_refuses_nothing():
    submission = Submission()
    submission.add([Found(Problem.SHORT_PROTEIN, "t", "chr1", Interval(0, 9))])
    submission.add([])
    assert submission.summary() == "submission: no problem in 2 genes (short_protein 1)"
    assert submission.refused == 0
