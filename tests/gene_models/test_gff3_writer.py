import io
import random
import shutil
import subprocess
from dataclasses import replace
from urllib.parse import unquote

import pytest
from gene_builders import WINDOW_LENGTH, gene_of
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gene_models.fasta import write_sequences
from transgenic_dagster.gene_models.gene_model import Move, Orf, Refinement
from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.reject_reason import RejectReason

needs_gt = pytest.mark.skipif(shutil.which("gt") is None, reason="needs genometools (gt)")
needs_gffread = pytest.mark.skipif(shutil.which("gffread") is None, reason="needs gffread")

STRANGE_IDS = [
    "a;b=c,d&e%",
    "tab\there",
    'quote"',
    "Gène é",
    "X",
    "X.t1",
    "X.t1.1",
    "gene:X",
    "a b",
]
SEQUENCE_LENGTH = 5000 + WINDOW_LENGTH


def gff3_of(*genes, gm_attribute="GM", sequence_lengths=None, provenance=None):
    handle = io.StringIO()
    writer = Gff3Writer(handle, gm_attribute)
    writer.write_header(sequence_lengths or {"Chr1": SEQUENCE_LENGTH}, provenance or {})
    for gene in genes:
        writer.write_gene(gene)
    return handle.getvalue()


def rows_of(text):
    return [line.split("\t") for line in text.split("\n") if line and line[0] != "#"]


def attributes_of(row):
    return {
        name: unquote(value, errors="strict")
        for name, value in (item.split("=") for item in row[8].split(";"))
    }


def random_genes(count):
    """Genes with introns, UTRs and isoforms on both strands, and the sequence of their window."""
    rng = random.Random(20)
    sequence = "".join(rng.choices("ACGT", k=WINDOW_LENGTH))
    genes = []
    for number in range(count):
        strand = rng.choice("+-")
        names = ["five_prime_UTR1", "CDS1", "CDS2", "three_prime_UTR1"]
        cuts = sorted(rng.sample(range(WINDOW_LENGTH), 8))
        cuts[2] = rng.choice(cuts[1:3])  # half of the genes have touching parts
        features = ";".join(
            f"{start}|{name}|{end}|{strand}|{'A' if name.startswith('CDS') else '.'}"
            for name, start, end in zip(
                names if strand == "+" else names[::-1], cuts[::2], cuts[1::2], strict=True
            )
        )
        gene = gene_of(f"{features}>{'|'.join(names)};CDS1|CDS2;CDS2;CDS1", sequence)
        genes.append(replace(gene, gm_id=f"random{number}"))
    return sequence, genes


def strange_genes():
    gene = gene_of("0|CDS1|30|+|A;30|three_prime_UTR1|60|+|.>CDS1|three_prime_UTR1;CDS1")
    return [replace(gene, gm_id=gm_id) for gm_id in STRANGE_IDS]


def test_a_gene_is_written_with_all_its_rows_in_order():
    gene = gene_of(
        "900|five_prime_UTR1|1000|-|.;700|CDS1|900|-|A;600|CDS2|650|-|A;500|three_prime_UTR1|600|-|."
        ">five_prime_UTR1|CDS1|CDS2|three_prime_UTR1"
    )
    text = gff3_of(gene, provenance={"program": "transgenic-annotate 1.0", "options": "--seed 1"})

    mrna = "Parent=mRNA:gene1.t1;GM=gene1"
    assert text.splitlines() == [
        "##gff-version 3",
        "#!program transgenic-annotate 1.0",
        "#!options --seed 1",
        "##sequence-region Chr1 1 11144",
        "Chr1\ttransgenic\tgene\t5501\t6000\t.\t-\t.\tID=gene:gene1;GM=gene1",
        "Chr1\ttransgenic\tmRNA\t5501\t6000\t.\t-\t.\tID=mRNA:gene1.t1;Parent=gene:gene1;GM=gene1;"
        "confidence=0.9877;phase_adjusted=1;"
        "start_codon=0;stop_codon=0;inframe_stops=0;canonical_splice=0/1",
        f"Chr1\ttransgenic\texon\t5501\t5650\t.\t-\t.\tID=exon:gene1.t1.2;{mrna}",
        f"Chr1\ttransgenic\tthree_prime_UTR\t5501\t5600\t.\t-\t.\tID=three_prime_UTR:gene1.t1.1;{mrna}",
        f"Chr1\ttransgenic\tCDS\t5601\t5650\t.\t-\t1\tID=CDS:gene1.t1;{mrna}",
        f"Chr1\ttransgenic\texon\t5701\t6000\t.\t-\t.\tID=exon:gene1.t1.1;{mrna}",
        f"Chr1\ttransgenic\tCDS\t5701\t5900\t.\t-\t0\tID=CDS:gene1.t1;{mrna}",
        f"Chr1\ttransgenic\tfive_prime_UTR\t5901\t6000\t.\t-\t.\tID=five_prime_UTR:gene1.t1.1;{mrna}",
        "###",
    ]


def test_phases_that_the_model_wrote_right_are_not_marked():
    assert "phase_adjusted" not in gff3_of(gene_of("0|CDS1|30|+|B>CDS1"))


def test_introns_too_short_to_be_spliced_are_marked():
    text = gff3_of(gene_of("0|CDS1|30|+|A;37|CDS2|60|+|A>CDS1|CDS2"))
    assert "canonical_splice=0/1;short_introns=1" in text
    assert "short_introns" not in gff3_of(gene_of("0|CDS1|30|+|A;40|CDS2|60|+|A>CDS1|CDS2"))


def test_a_gene_reaches_over_all_its_isoforms():
    gene = gene_of("10|CDS1|40|+|A;70|CDS2|100|+|A>CDS1;CDS2")
    assert rows_of(gff3_of(gene))[0][2:5] == ["gene", "5011", "5100"]


def test_strict_gff3_writes_the_input_id_as_gm():
    rows = rows_of(gff3_of(gene_of("0|CDS1|30|+|A>CDS1"), gm_attribute="gm"))
    assert all(attributes_of(row)["gm"] == "gene1" for row in rows)
    assert all("GM" not in attributes_of(row) for row in rows)


def test_the_header_lists_every_sequence_but_empty_ones_in_order():
    text = gff3_of(sequence_lengths={"b": 7, "empty": 0, "a": 9})
    assert text == "##gff-version 3\n##sequence-region b 1 7\n##sequence-region a 1 9\n"


def test_a_value_with_a_line_break_cannot_break_the_header():
    text = gff3_of(provenance={"options": "-o a\nChr1\tfake\r\n###"})
    assert text.splitlines()[1] == "#!options -o a Chr1 fake ###"


def refined(gene, *refinements):
    transcripts = zip(gene.transcripts, refinements, strict=True)
    return replace(gene, transcripts=tuple(replace(one, refinement=r) for one, r in transcripts))


COMPLETE = Refinement(Orf.COMPLETE)
PARTIAL5 = Refinement(Orf.PARTIAL5, (Move("stop", 17, 20, 3, 1.5),), 1.5)
BROKEN = Refinement(
    Orf.BROKEN, (Move("stop", 4, 15, 11, 2.25), Move("acceptor3", 12, 10, -2, 1.0)), 3.25
)
PARTIAL3 = Refinement(Orf.PARTIAL3, cost=1.5)
TWO_EXONS = "60|CDS1|90|{0}|A;120|CDS2|150|{0}|A>CDS1|CDS2"


def last_attributes(gene):
    """What the rows of a gene say beside their identity, by type and start."""
    known = {"ID", "Parent", "GM", "confidence", "phase_adjusted", "start_codon", "stop_codon"}
    known |= {"inframe_stops", "canonical_splice"}
    return {
        (row[2], int(row[3])): ";".join(
            part for part in row[8].split(";") if part.partition("=")[0] not in known
        )
        for row in rows_of(gff3_of(gene))
    }


def test_an_mrna_says_how_it_was_refined():
    gene = gene_of("0|CDS1|30|+|A;60|CDS2|90|+|A>CDS1;CDS1|CDS2;CDS2")
    gene = refined(gene, COMPLETE, BROKEN, None)
    mrnas = [row[8] for row in rows_of(gff3_of(gene)) if row[2] == "mRNA"]
    assert mrnas[0].endswith(";canonical_splice=0/0;orf=complete")
    assert mrnas[1].endswith(";canonical_splice=0/1;orf=broken;refined=stop:+11,acceptor3:-2")
    assert mrnas[2].endswith(";canonical_splice=0/0")
    assert "partial" not in gff3_of(gene)


def test_a_complete_refined_transcript_differs_only_in_its_mrna_row():
    gene = gene_of(TWO_EXONS.format("-"))
    assert gff3_of(refined(gene, COMPLETE)).replace(";orf=complete", "") == gff3_of(gene)


@pytest.mark.parametrize(
    ("strand", "refinement", "edge"),
    [
        ("+", PARTIAL5, "start"),
        ("-", PARTIAL3, "start"),
        ("+", PARTIAL3, "end"),
        ("-", PARTIAL5, "end"),
    ],
)
def test_partial_genes_are_marked_as_ncbi_does_on_the_rows_with_the_open_end(
    strand, refinement, edge
):
    said = last_attributes(refined(gene_of(TWO_EXONS.format(strand)), refinement))
    mark = "partial=true;" + {"start": "start_range=.,5061", "end": "end_range=5150,."}[edge]
    open_start, closed_start = (5061, 5121) if edge == "start" else (5121, 5061)
    orf = f"orf={refinement.orf};" + ("refined=stop:+3;" if refinement.moves else "")
    assert said == {
        ("gene", 5061): mark,
        ("mRNA", 5061): orf + mark,
        ("exon", open_start): mark,
        ("CDS", open_start): mark,
        ("exon", closed_start): "",
        ("CDS", closed_start): "partial=true",
    }


def test_a_utr_beyond_the_open_end_of_the_cds_closes_the_other_rows():
    gene = gene_of("30|five_prime_UTR1|60|+|.;60|CDS1|90|+|A>five_prime_UTR1|CDS1")
    said = last_attributes(refined(gene, Refinement(Orf.PARTIAL5, cost=1.0)))
    assert said == {
        ("gene", 5031): "",
        ("mRNA", 5031): "orf=partial5",
        ("exon", 5031): "",
        ("five_prime_UTR", 5031): "",
        ("CDS", 5061): "partial=true;start_range=.,5061",
    }


def test_a_gene_is_partial_only_where_its_outermost_isoform_is():
    gene = gene_of("30|CDS1|90|+|A;60|CDS2|90|+|A>CDS1;CDS2")
    assert last_attributes(refined(gene, COMPLETE, PARTIAL5))["gene", 5031] == ""
    marked = last_attributes(refined(gene, PARTIAL5, COMPLETE))["gene", 5031]
    assert marked == "partial=true;start_range=.,5031"


def test_a_doubtful_gene_says_why_on_its_gene_and_mrna_rows():
    gene = gene_of("0|CDS1|30|+|A;60|CDS2|90|+|A>CDS1;CDS1|CDS2")
    handle = io.StringIO()
    Gff3Writer(handle).write_gene(gene, RejectReason.OFF_TARGET)
    doubtful = [row[2] for row in rows_of(handle.getvalue()) if "doubt" in attributes_of(row)]
    assert doubtful == ["gene", "mRNA", "mRNA"]
    assert (
        handle.getvalue().replace(";doubt=off_target", "")
        == gff3_of(gene).partition("\n")[2].partition("\n")[2]
    )


def refined_genes(count):
    rng = random.Random(3)
    _, genes = random_genes(count)
    refinements = [COMPLETE, PARTIAL5, PARTIAL3, BROKEN]
    return [refined(gene, *rng.choices(refinements, k=len(gene.transcripts))) for gene in genes]


def test_refined_genes_pass_our_own_check(gff3_file):
    assert check_gff3(gff3_file(refined_genes(60), "GM")).faults == []


@needs_gt
def test_refined_genes_pass_the_gff3_validator(gff3_file):
    result = run("gt", "gff3validator", gff3_file(refined_genes(60), "gm"))
    assert result.stdout == "input is valid GFF3\n", result.stderr


@needs_gffread
def test_gffread_loads_refined_genes_with_their_attributes(gff3_file):
    genes = refined_genes(60)
    result = run("gffread", "-F", "--keep-exon-attrs", gff3_file(genes, "GM"))
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\tmRNA\t") == sum(len(gene.transcripts) for gene in genes)
    assert "refined=stop:+11,acceptor3:-2" in result.stdout


def test_the_input_id_comes_back_from_every_row():
    for gene in strange_genes():
        rows = rows_of(gff3_of(gene))
        assert {attributes_of(row)["GM"] for row in rows} == {gene.gm_id}


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6, unique=True))
def test_ids_are_unique_and_parents_present_whatever_the_input_ids(gm_ids):
    gene = gene_of(
        "0|CDS1|30|+|A;60|CDS2|90|+|A;90|three_prime_UTR1|99|+|.>CDS1|CDS2;CDS1|three_prime_UTR1"
    )
    rows = rows_of(gff3_of(*(replace(gene, gm_id=gm_id) for gm_id in gm_ids)))

    assert all(len(row) == 9 for row in rows)
    attributes = [attributes_of(row) for row in rows]
    single = [a["ID"] for row, a in zip(rows, attributes, strict=True) if row[2] != "CDS"]
    cds = {a["ID"] for row, a in zip(rows, attributes, strict=True) if row[2] == "CDS"}
    assert len(set(single)) == len(single)
    assert not cds & set(single)
    assert len(cds) == 2 * len(gm_ids)
    assert {a["Parent"] for a in attributes if "Parent" in a} <= set(single)


@pytest.fixture
def gff3_file(tmp_path):
    def write(genes, gm_attribute):
        path = tmp_path / f"{gm_attribute}.gff3"
        path.write_text(gff3_of(*genes, gm_attribute=gm_attribute), encoding="utf-8")
        return path

    return write


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)


@needs_gt
def test_strict_output_passes_the_gff3_validator(gff3_file):
    _, genes = random_genes(60)
    result = run("gt", "gff3validator", gff3_file([*strange_genes(), *genes], "gm"))
    assert result.stdout == "input is valid GFF3\n", result.stderr


@needs_gt
def test_a_strange_sequence_name_passes_the_gff3_validator(tmp_path):
    seqid = ">gi|1;2=é,%20"
    gene = replace(gene_of("0|CDS1|30|+|A>CDS1"), seqid=seqid)
    path = tmp_path / "out.gff3"
    text = gff3_of(gene, gm_attribute="gm", sequence_lengths={seqid: SEQUENCE_LENGTH})
    path.write_text(text, encoding="utf-8")

    assert unquote(rows_of(text)[0][0]) == seqid
    assert run("gt", "gff3validator", path).stdout == "input is valid GFF3\n"


@needs_gt
def test_the_gff3_validator_refuses_nothing_but_the_published_attribute_name(gff3_file):
    path = gff3_file([gene_of("0|CDS1|30|+|A>CDS1")], "GM")
    result = run("gt", "gff3validator", path)
    assert result.returncode != 0
    assert '"GM"' in result.stderr
    assert len(result.stderr.splitlines()) == 1


@needs_gt
def test_gt_sort_and_tidy_keeps_every_gene_and_every_cds(gff3_file):
    _, genes = random_genes(60)
    path = gff3_file([*strange_genes(), *genes], "GM")
    result = run("gt", "gff3", "-sort", "-tidy", path)

    assert result.returncode == 0, result.stderr
    for kind in ("gene", "mRNA", "exon", "CDS"):
        column = f"\t{kind}\t"
        assert result.stdout.count(column) == path.read_text(encoding="utf-8").count(column)


@needs_gffread
def test_gffread_loads_every_transcript_and_translates_it_as_we_do(gff3_file, tmp_path):
    sequence, genes = random_genes(60)
    genome, proteins, ours = tmp_path / "g.fa", tmp_path / "gffread.fa", tmp_path / "ours.fa"
    genome.write_text(f">Chr1\n{'A' * 5000}{sequence}\n")
    with ours.open("w", encoding="utf-8") as handle:
        for gene in genes:
            write_sequences(handle, gene, "protein")
    result = run("gffread", "-g", genome, "-y", proteins, "-S", gff3_file(genes, "GM"))

    assert result.returncode == 0, result.stderr
    translated = records_of(proteins)
    expected = records_of(ours)
    assert expected.keys() == translated.keys()
    assert {name: protein.rstrip("*") for name, protein in translated.items()} == {
        name: protein.rstrip("*") for name, protein in expected.items()
    }


def records_of(path):
    records = {}
    for record in path.read_text(encoding="utf-8").split(">")[1:]:
        header, *lines = record.splitlines()
        records[header.split()[0]] = "".join(lines)
    return records


@needs_gffread
def test_gffread_loads_strange_ids(gff3_file):
    result = run("gffread", gff3_file(strange_genes(), "GM"))
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\tmRNA\t") == 2 * len(STRANGE_IDS)
