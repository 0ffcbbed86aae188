import io
import random
import shutil
import subprocess
from dataclasses import replace

import pytest
from gene_builders import gene_of
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.annotated_transcripts import with_phases
from transgenic_dagster.gene_models.fasta import write_sequences
from transgenic_dagster.gene_models.gene_model import (
    GeneModel,
    Interval,
    Transcript,
    TranscriptStructure,
)
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.qc import assess

CODING = "ATG" + "GCT" * 130 + "TAA"


def fasta_of(gene):
    handle = io.StringIO()
    write_sequences(handle, gene, "protein")
    return handle.getvalue()


def test_every_transcript_is_a_record_of_60_columns_named_as_in_the_gff3():
    gene = gene_of(f"0|CDS1|{len(CODING)}|+|A;0|CDS2|9|+|A>CDS1;CDS2", CODING)
    assert fasta_of(gene).splitlines() == [
        ">mRNA:gene1.t1 gene=gene:gene1",
        "M" + "A" * 59,
        "A" * 60,
        "A" * 11,
        ">mRNA:gene1.t2 gene=gene:gene1",
        "MAA",
    ]


def test_a_stop_codon_alone_has_no_record():
    assert fasta_of(gene_of("0|CDS1|3|+|A>CDS1", "TAA" + "C" * 60)) == ""


@pytest.mark.parametrize(
    ("gm_id", "name"),
    [("a b", "mRNA:a%20b.t1"), ("a;b", "mRNA:a%3Bb.t1"), ("gène", "mRNA:gène.t1")],
)
def test_strange_ids_stay_one_word(gm_id, name):
    gene = replace(gene_of("0|CDS1|3|+|A>CDS1"), gm_id=gm_id)
    assert fasta_of(gene).split()[0] == f">{name}"


@given(st.text(min_size=1))
def test_no_id_can_break_a_record(gm_id):
    gene = replace(gene_of("0|CDS1|3|+|A>CDS1"), gm_id=gm_id)
    header, protein = fasta_of(gene).splitlines()
    assert len(header.split()) == 2
    assert protein == "K"


SEQUENCE_LENGTH = 500_000
CHROMOSOMES = ("Chr1", "Chr2", "Chr3")


def made_up_structure(rng, start, strand):
    """Up to twelve exons, cut into UTR and CDS at two bases at random, in any first phase."""
    exons, at = [], start
    for _ in range(rng.randint(1, 12)):
        end = at + rng.randint(3, 300)
        exons.append(Interval(at, end))
        at = end + rng.choice([rng.randint(4, 12), rng.randint(20, 400)])
    bases = [base for exon in exons for base in range(*exon)]
    first, last = sorted(rng.sample(range(len(bases)), 2))
    coding = (bases[first], bases[last] + 1)

    def parts(left, right):
        cut = (Interval(max(exon.start, left), min(exon.end, right)) for exon in exons)
        return tuple(part for part in cut if part.start < part.end)

    cds = parts(*coding)
    outer = parts(0, coding[0]), parts(coding[1], at)
    five, three = outer if strand == "+" else outer[::-1]
    translated_first = cds[0] if strand == "+" else cds[-1]
    # Of a part that ends before the first whole codon gffread makes no sense.
    is_long = translated_first.end - translated_first.start > 2
    return TranscriptStructure(
        strand, with_phases(cds, strand, rng.choice([0, 0, 1, 2]) if is_long else 0), five, three
    )


def records(path):
    found = {}
    for record in path.read_text().split(">")[1:]:
        header, _, sequence = record.partition("\n")
        found[header.split()[0]] = sequence.replace("\n", "")
    return found


@pytest.mark.skipif(not shutil.which("gffread"), reason="gffread is not installed")
def test_18_000_sequences_are_those_that_gffread_makes(tmp_path):
    rng = random.Random(20)
    genome = {seqid: "".join(rng.choices("ACGT", k=SEQUENCE_LENGTH)) for seqid in CHROMOSOMES}
    fasta = "".join(f">{seqid}\n{sequence}\n" for seqid, sequence in genome.items())
    (tmp_path / "genome.fa").write_text(fasta)
    number = 0
    with (
        (tmp_path / "out.gff3").open("w") as gff3,
        (tmp_path / "cds.fa").open("w") as cds,
        (tmp_path / "cdna.fa").open("w") as cdna,
    ):
        writer = Gff3Writer(gff3)
        writer.write_header(dict.fromkeys(genome, SEQUENCE_LENGTH), {})
        while number < 18_000:
            seqid, strand = rng.choice(CHROMOSOMES), rng.choice("+-")
            start = rng.randrange(SEQUENCE_LENGTH - 10_000)
            structures = [
                made_up_structure(rng, start + rng.randint(0, 60), strand)
                for _ in range(rng.choice([1, 1, 2, 3]))
            ]
            transcripts = tuple(
                Transcript(place, one, False, assess(one, genome[seqid], 0))
                for place, one in enumerate(structures, start=1)
            )
            gene = GeneModel(f"gene{number}", seqid, strand, 0.9, transcripts)
            writer.write_gene(gene)
            write_sequences(cds, gene, "cds")
            write_sequences(cdna, gene, "cdna")
            number += len(transcripts)
    subprocess.run(
        ["gffread", "-g", "genome.fa", "-x", "x.fa", "-w", "w.fa", "out.gff3"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert len(records(tmp_path / "cdna.fa")) == number
    assert records(tmp_path / "cdna.fa") == records(tmp_path / "w.fa")
    assert records(tmp_path / "cds.fa") == records(tmp_path / "x.fa")
