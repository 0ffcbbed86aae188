import json
import subprocess
import sys
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from galaxy_tool import outcome
from tests.galaxy.form import TOOL, TOOL_FOLDER
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.rejects import Reject, write_reject

GALAXY_SHOWS = 255
REJECT = Reject(
    gm_id="AT1G01010",
    chrom="Chr1",
    start=1000,
    pred_raw="<s>200|CDS1|300|+|A>CDS1</s>",
    pred_clean="200|CDS1|300|+|A>CDS1",
    error="no_cds: the sentence defines no CDS1",
    end=7144,
    reason="no_cds",
    gene_start=3630,
    gene_end=5899,
    strand="+",
    transcript=2,
)
SKIPPED = Reject(
    *("AT1G01020", "ChrM", None, None, None, "unknown_sequence: genes, line 7: not in the FASTA"),
    *(None, "unknown_sequence", 10, 20, "."),
)


def made(tmp_path, rejects, accounting):
    """Standard output and table rows that the program makes of a run's files."""
    state, report, table = (tmp_path / name for name in ("state", "rejects", "table"))
    state.write_text(json.dumps({"accounting": accounting.as_dict()}))
    with report.open("w", encoding="utf-8") as handle:
        for reject in rejects:
            write_reject(handle, reject)
    done = subprocess.run(
        [sys.executable, TOOL_FOLDER / "outcome.py", state, report, table, TOOL],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    rows = table.read_text(encoding="utf-8").split("\n")
    assert rows.pop() == ""
    return done.stdout, [row.split("\t") for row in rows]


def test_the_line_accounts_for_every_gene(tmp_path):
    accounting = Accounting(annotated=1044)
    accounting.rejected.update({"no_cds": 1, "truncated": 2})
    accounting.skipped["unknown_sequence"] = 4
    line, _ = made(tmp_path, [], accounting)
    assert line == "1,051 genes: 1,044 annotated, 3 no gene model, 4 skipped\n"


def test_the_line_says_how_many_genes_are_kept_as_they_were(tmp_path):
    accounting = Accounting(skipped={"unknown_sequence": 1}, kept_input=1)
    accounting = Accounting.from_dict(
        {"annotated": 0, "rejected": {}, "skipped": {"bad_row": 1}, "rejected_isoforms": {}}
        | {"kept_input": 1}
    )
    line, _ = made(tmp_path, [], accounting)
    assert line == "1 gene: 0 annotated, 0 no gene model, 1 skipped, 1 kept as in the input\n"


def test_the_line_of_scores_speaks_of_scores(tmp_path):
    accounting = Accounting(annotated=3, scored=True)
    accounting.rejected["no_cds"] = 1
    line, _ = made(tmp_path, [], accounting)
    assert line == "4 genes: 3 scored, 1 no score, 0 skipped\n"


def test_the_longest_line_is_shown_whole():
    most = 10**12
    accounting = {"total": most, "annotated": most, "rejected": {"a": most}, "kept_input": most}
    assert len(outcome.outcome_line({**accounting, "skipped": {"b": most}})) < GALAXY_SHOWS


def test_the_table_has_every_field_of_the_reject_report():
    assert sorted(outcome.COLUMNS.values()) == sorted(field.name for field in fields(Reject))


def test_the_table_has_readable_columns_with_coordinates_as_in_gff3(tmp_path):
    _, (header, rejected, skipped) = made(tmp_path, [REJECT, SKIPPED], Accounting())
    assert dict(zip(header, rejected, strict=True)) == {
        "gene": "AT1G01010",
        "sequence": "Chr1",
        "start": "3631",
        "end": "5899",
        "strand": "+",
        "reason": "no_cds",
        "explanation": "the sentence defines no CDS1",
        "transcript": "2",
        "window_start": "1001",
        "window_end": "7144",
        "model_output": "200|CDS1|300|+|A>CDS1",
        "raw_model_output": "<s>200|CDS1|300|+|A>CDS1</s>",
    }
    assert dict(zip(header, skipped, strict=True)) == {
        "gene": "AT1G01020",
        "sequence": "ChrM",
        "start": "11",
        "end": "20",
        "strand": ".",
        "reason": "unknown_sequence",
        "explanation": "genes, line 7: not in the FASTA",
        **dict.fromkeys(
            ("transcript", "window_start", "window_end", "model_output", "raw_model_output"), ""
        ),
    }


@given(st.text())
def test_no_text_breaks_out_of_its_cell(text):
    values = {field.name: text for field in fields(Reject)}
    cells = outcome.table_row(values, {})
    assert len(cells) == len(outcome.COLUMNS)
    assert not {"\t", "\n", "\r"} & set("".join(cells))


def test_an_explanation_names_the_field_not_the_option(tmp_path):
    long = replace(REJECT, error="truncated: it reached --max_length before its end")
    _, (_, row) = made(tmp_path, [long], Accounting())
    assert row[6].endswith("it reached “Longest model output (tokens)” before its end")


def test_identifiers_that_are_not_text_are_written(tmp_path):
    odd = Reject(
        **{field.name: None for field in fields(Reject)}
        | {"error": "a\udcff", "reason": "a", "strand": "."}
    )
    _, (_, row) = made(tmp_path, [odd], Accounting())
    assert row[6] == "a\\udcff"
