"""The files are judged on their own here, read by a few lines that share no code with the demo."""

import hashlib
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.demo.true_gene import Expected
from transgenic_dagster.demo.untrained_model import MAX_WINDOW
from transgenic_dagster.regions.windows import plan_window

GENOME_SHA256 = "7591afaa4bfa534c16de7bd324d0978fbb9aa50daa9df7b2f080dbedc37e1fbf"
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def read_fasta(path):
    sequences = {}
    for record in path.read_text().split(">")[1:]:
        heading, *lines = record.splitlines()
        sequences[heading.split()[0]] = "".join(lines)
    return sequences


def read_rows(path):
    rows = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            seqid, _, kind, start, end, _, strand, phase, attributes = line.split("\t")
            attributes = dict(part.split("=") for part in attributes.split(";"))
            rows.append((seqid, kind, int(start) - 1, int(end), strand, phase, attributes))
    return rows


def on_strand(dna, strand):
    return dna.upper() if strand == "+" else dna.upper().translate(COMPLEMENT)[::-1]


@pytest.fixture(scope="module")
def sequences(assembly):
    return read_fasta(assembly.genome_fasta)


@pytest.fixture(scope="module")
def true_transcripts(assembly):
    """Rows of ``truth.gff3`` by transcript, in order of transcription."""
    transcripts = defaultdict(list)
    for row in read_rows(assembly.truth_gff3):
        if row[1] not in ("gene", "mRNA"):
            transcripts[row[6]["Parent"]].append(row)
    for rows in transcripts.values():
        rows.sort(key=lambda row: row[2], reverse=rows[0][4] == "-")
    return transcripts


def of_kind(rows, kind):
    return [row for row in rows if row[1] == kind]


def test_the_bytes_are_those_that_the_checkpoint_has_memorised(assembly):
    digest = hashlib.sha256(assembly.genome_fasta.read_bytes()).hexdigest()
    assert digest == GENOME_SHA256


def test_every_call_writes_the_same_bytes(assembly, tmp_path):
    again = write_assembly(tmp_path / "new" / "folder")
    for name in ("genome_fasta", "genes_gff3", "truth_gff3"):
        assert getattr(again, name).read_bytes() == getattr(assembly, name).read_bytes()


def test_the_files_hold_what_the_assembly_says(assembly, sequences):
    assert sequences == assembly.sequences
    rows = [row for row in read_rows(assembly.genes_gff3) if row[1] == "gene"]
    assert [(row[6]["ID"], row[0], row[2], row[3], row[4]) for row in rows] == [
        (gene.gene_id, gene.seqid, gene.start, gene.end, gene.strand) for gene in assembly.genes
    ]


def test_it_is_a_small_assembly_of_chromosomes_and_scaffolds(assembly, sequences):
    assert list(sequences) == ["Chr1", "Chr2", "scaffold_1", "scaffold_2", "scaffold_3"]
    assert sum(path.stat().st_size for path in assembly.genome_fasta.parent.iterdir()) < 1_000_000
    assert 40 <= len(assembly.genes) <= 60
    assert len({gene.gene_id for gene in assembly.genes}) == len(assembly.genes)
    strands = Counter(gene.strand for gene in assembly.genes)
    assert min(strands["+"], strands["-"]) >= 15


def test_genes_of_one_sequence_do_not_overlap(assembly):
    for left, right in pairwise(assembly.genes):
        assert left.seqid != right.seqid or left.end < right.start


def test_every_true_transcript_has_a_complete_reading_frame(sequences, true_transcripts):
    assert len(true_transcripts) > 50
    for rows in true_transcripts.values():
        cds = "".join(
            on_strand(sequences[seqid][start:end], strand)
            for seqid, _, start, end, strand, _, _ in of_kind(rows, "CDS")
        )
        codons = [cds[i : i + 3] for i in range(0, len(cds), 3)]
        assert codons[0] == "ATG"
        assert len(codons[-1]) == 3
        assert [codon in ("TAA", "TAG", "TGA") for codon in codons].index(True) == len(codons) - 1


def test_every_phase_follows_from_the_coding_bases_before_it(true_transcripts):
    for rows in true_transcripts.values():
        coded = 0
        for _, _, start, end, _, phase, _ in of_kind(rows, "CDS"):
            assert (coded + int(phase)) % 3 == 0
            coded += end - start


def test_every_intron_runs_from_gt_to_ag(sequences, true_transcripts):
    introns = 0
    for rows in true_transcripts.values():
        for first, second in pairwise(of_kind(rows, "exon")):
            start, end = sorted((first[2], first[3], second[2], second[3]))[1:3]
            intron = on_strand(sequences[first[0]][start:end], first[4])
            assert (intron[:2], intron[-2:]) == ("GT", "AG")
            introns += 1
    assert introns > 80


def test_exons_are_the_touching_cds_and_utr_parts(true_transcripts):
    for rows in true_transcripts.values():
        exonic = {base for row in of_kind(rows, "exon") for base in range(row[2], row[3])}
        parts = [base for row in rows if row[1] != "exon" for base in range(row[2], row[3])]
        assert len(parts) == len(exonic)
        assert exonic == set(parts)


def test_some_genes_have_several_transcripts_and_most_have_utrs(assembly):
    transcripts = Counter(len(gene.transcripts) for gene in assembly.genes)
    assert transcripts[2] >= 10
    assert transcripts[3] >= 2
    kinds = Counter(
        kind
        for gene in assembly.genes
        for kind in {feature.kind for feature in gene.transcripts[0]}
    )
    assert kinds["CDS"] > kinds["five_prime_UTR"] > 30
    assert kinds["three_prime_UTR"] > 30


def test_the_first_pass_annotation_has_one_transcript_for_each_gene(assembly):
    rows = read_rows(assembly.genes_gff3)
    parents = Counter(row[6]["Parent"] for row in rows if row[1] in ("mRNA", "transcript"))
    assert parents == dict.fromkeys((gene.gene_id for gene in assembly.genes), 1)


def test_the_truth_holds_exactly_the_predictable_genes(assembly):
    genes = [row[6]["ID"] for row in read_rows(assembly.truth_gff3) if row[1] == "gene"]
    assert genes == [gene.gene_id for gene in assembly.genes if gene.predictable]


def test_transposons_and_one_whole_gene_are_soft_masked(assembly, sequences):
    masked = sum(base.islower() for sequence in sequences.values() for base in sequence)
    assert 0.1 < masked / sum(map(len, sequences.values())) < 0.5
    assert any(
        sequences[gene.seqid][gene.start : gene.end].islower()
        for gene in assembly.genes
        if gene.predictable
    )


def test_genes_lie_at_the_first_and_at_the_last_base_of_a_sequence(assembly, sequences):
    predictable = [gene for gene in assembly.genes if gene.predictable]
    assert any(gene.start == 0 for gene in predictable)
    assert any(gene.end == len(sequences[gene.seqid]) for gene in predictable)


def test_windows_have_two_usual_lengths_and_small_scaffolds_are_taken_whole(assembly, sequences):
    lengths = Counter()
    with_gap = 0
    for gene in assembly.genes:
        if gene.has_region:
            start, end = plan_window(gene.start, gene.end, len(sequences[gene.seqid]), MAX_WINDOW)
            lengths[end - start] += 1
            with_gap += "N" in sequences[gene.seqid][start:end]
    small = {len(sequences["scaffold_2"]), len(sequences["scaffold_3"])}
    assert set(lengths) == {6144, 12_288, *small}
    assert lengths[12_288] == 5
    assert with_gap


def test_the_planted_genes_are_what_they_are_planted_for(assembly, sequences):
    planted = {gene.expected: gene for gene in assembly.genes if not gene.predictable}
    assert set(planted) == set(Expected) - {Expected.ANNOTATED}
    assert Counter(gene.expected for gene in assembly.genes).most_common(2)[1][1] == 1

    too_long = planted[Expected.WINDOW_TOO_LONG]
    assert plan_window(too_long.start, too_long.end, len(sequences["Chr1"]), MAX_WINDOW) is None
    assert planted[Expected.UNKNOWN_SEQUENCE].seqid not in sequences
    assert all(
        feature.kind != "CDS"
        for transcript in planted[Expected.NO_CDS].transcripts
        for feature in transcript
    )
    trans_spliced = planted[Expected.MIXED_STRAND].transcripts[0]
    assert {feature.strand for feature in trans_spliced} == {"+", "-"}
