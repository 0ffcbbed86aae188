import csv
import io
from dataclasses import replace

from gene_builders import gene_of
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gene_models.gene_model import Move
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.refinement_table import RefinementTable

GENE = gene_of("0|CDS1|30|+|A;60|CDS2|90|+|A>CDS1|CDS2;CDS1")


def table_of(*moves, gene=GENE):
    handle = io.StringIO()
    table = RefinementTable(handle)
    for move in moves:
        table.write(gene, gene.transcripts[0], move)
    return handle.getvalue()


def test_a_move_is_written_with_the_positions_that_gff3_rows_have():
    cds = GENE.transcripts[0].structure.cds
    text = table_of(
        Move("acceptor1", 5058, cds[1].start, 2, 1.25),
        Move("stop", 5079, cds[1].end, 3, 0.5),
    )
    assert text.splitlines() == [
        "gene\ttranscript\tboundary\tfrom\tto\tcost",
        "gene1\tmRNA:gene1.t1\tacceptor1\t5059\t5061\t1.2500",
        "gene1\tmRNA:gene1.t1\tstop\t5079\t5090\t0.5000",
    ]
    gff3 = io.StringIO()
    Gff3Writer(gff3).write_gene(GENE)
    assert "\tCDS\t5061\t5090\t" in gff3.getvalue()


@given(st.text(min_size=1))
def test_a_row_has_six_columns_whatever_the_identifier(gm_id):
    text = table_of(Move("stop", 1, 2, 1, 0), gene=replace(GENE, gm_id=gm_id))
    rows = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [len(row) for row in rows] == [6, 6]
