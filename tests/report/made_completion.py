"""A finished run that completed its input, its files written by hand; see ``made_run``."""

import json
import tempfile
from pathlib import Path

from tests.report.made_run import ENCODED, HOSTILE, write_gene, write_inputs, write_summary
from transgenic_dagster.input_genes.sorted_gff import sort_annotation

GOOD = "start_codon=1;stop_codon=1;inframe_stops=0"
GAINED = {
    "same": (
        ("chr1", "+", [([(900, 1300), (1560, 1800)], (1100, 1700))]),
        0.99,
        [f"{GOOD};canonical_splice=1/1;orf=complete;refined=stop:+3"],
    ),
    HOSTILE: (
        ("chr2", "-", [([(5000, 5600)], (5000, 5300))]),
        0.7,
        ["start_codon=0;stop_codon=0;inframe_stops=2;canonical_splice=0/0;orf=broken"],
    ),
}
"""Place, confidence and notes of what two genes gained: an intron, and another coding sequence."""

ACCOUNTING = {
    "annotated": 6,
    "rejected": {"no_cds": 1},
    "skipped": {"window_too_long": 1},
    "rejected_isoforms": {},
    "orf": {"broken": 1, "complete": 1},
    "isoforms_gained": 2,
    "total": 8,
}
_REJECTS = (
    ("lncRNA", "chr1", 15000, 15500, "no_cds", ""),
    ("long", "chr2", 9000, 9900, "window_too_long", None),
)


def write_completion(folder: Path) -> Path:
    """Write the run's files and its input; returns the annotation."""
    output, gff = folder / "out.gff3", write_inputs(folder)
    with tempfile.TemporaryDirectory() as scratch:
        in_order = Path(scratch) / "sorted.gff3"
        sort_annotation(gff, in_order)
        comment, *rows = in_order.read_text().splitlines()
    output.write_text("\n".join([comment, *_with_gains(rows), ""]))
    rejects = [_reject(*values) for values in _REJECTS]
    (folder / "out.gff3.rejects.txt").write_text("".join(rejects))
    write_summary(folder, output, gff, ACCOUNTING, complete=True)
    return output


def _with_gains(rows: list[str]) -> list[str]:
    """Rows of a sorted annotation, with those that its genes gained."""
    genes: list[list[str]] = []
    for row in rows:
        if "\tgene\t" in row:
            genes.append([])
        genes[-1].append(row)
    return [row for gene in genes for row in _with_gain(gene)]


def _with_gain(rows: list[str]) -> list[str]:
    """Rows of a gene, with the isoform that it gained; its own row reaches as far."""
    *columns, attributes = rows[0].split("\t")
    encoded = attributes.removeprefix("ID=")
    name = encoded.replace(ENCODED, HOSTILE)
    if name not in GAINED:
        return rows
    place, confidence, notes = GAINED[name]
    _, *new = write_gene(name, *place, confidence, notes).splitlines()
    new = [row.replace("Parent=gene:", "Parent=").replace("mRNA:", "new:") for row in new]
    marks = {"mRNA": ";origin=completed"}
    columns[3] = min(columns[3], new[0].split("\t")[3], key=int)
    return [
        "\t".join([*columns, f"{attributes};isoforms_gained=1"]),
        *rows[1:],
        *(row + marks.get(row.split("\t")[2], f";GM={encoded}") for row in new),
    ]


def _reject(gene, seqid, start, end, reason, raw):
    return (
        json.dumps(
            {
                "gm_id": gene,
                "chrom": seqid,
                "start": None if raw is None else start,
                "pred_raw": raw,
                "pred_clean": raw,
                "error": f"{reason}: because of <b>{reason}</b>",
                "end": None if raw is None else end,
                "reason": reason,
                "gene_start": start,
                "gene_end": end,
                "strand": "+",
                "transcript": None,
            }
        )
        + "\n"
    )
