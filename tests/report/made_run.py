"""A finished run, its files written by hand: every outcome and frame, names that try to escape."""

import json
from pathlib import Path
from typing import Any

from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.run.record import STAGES, absolute_options
from transgenic_dagster.run.state import RunSummary
from transgenic_dagster.system.digest import file_sha256

HOSTILE = "<script>alert('x')</script>$x_1$&amp;"
ENCODED = "<script>alert('x')</script>$x_1$%26amp%3B"
LENGTHS = {"chr1": 60_000, "chr2": 30_000, **{f"contig{n}": 1_000 + n for n in range(30)}}

# name: (sequence, strand, exons of every transcript, with CDS as (start, end) or None)
INPUT = {
    "same": ("chr1", "+", [([(1000, 1300), (1500, 1800)], (1100, 1700))]),
    "broken": ("chr1", "-", [([(4000, 4600)], (4000, 4600))]),
    "far": ("chr1", "+", [([(8000, 9000)], (8000, 9000))]),
    "lost": ("chr1", "+", [([(12000, 13000)], (12000, 13000))]),
    "lncRNA": ("chr1", "+", [([(15000, 15500)], None)]),
    "two": (
        *("chr2", "+"),
        [([(1000, 1100), (1300, 1400)], (1010, 1390)), ([(1000, 1400)], (1030, 1330))],
    ),
    HOSTILE: ("chr2", "-", [([(5000, 5600)], (5000, 5600))]),
    "long": ("chr2", "+", [([(9000, 9900)], (9000, 9900))]),
}
GOOD = "start_codon=1;stop_codon=1;inframe_stops=0"
OUTPUT = {
    "same": (INPUT["same"], 0.99, [f"{GOOD};canonical_splice=1/1;orf=complete;refined=stop:+11"]),
    "broken": (
        INPUT["broken"],
        0.9,
        ["start_codon=0;stop_codon=0;inframe_stops=3;canonical_splice=0/0;orf=broken"],
    ),
    "far": (
        ("chr1", "+", [([(8900, 9500)], (8900, 9500))]),
        0.6,
        [
            "start_codon=0;stop_codon=1;inframe_stops=0;canonical_splice=0/0;orf=partial5;"
            "refined=start:-40,stop:+2"
        ],
    ),
    "two": (
        INPUT["two"],
        0.95,
        [
            f"{GOOD};canonical_splice=0/1;orf=complete;refined=donor1:-3,exon2:left_out",
            f"{GOOD};canonical_splice=0/0;orf=complete",
        ],
    ),
    HOSTILE: (
        INPUT[HOSTILE],
        0.97,
        ["start_codon=1;stop_codon=0;inframe_stops=0;canonical_splice=0/0;orf=partial3"],
    ),
}
PROBABILITIES = {  # of every transcript: of the isoform, and of the ends of each part of its CDS
    "same": [(0.997, (0.995, 0.0001))],
    "broken": [(0.3, (0.4,))],
    "far": [(0.45, (0.0,))],
    "two": [(0.99, (0.001, 0.09)), (0.5, (0.95,))],
    HOSTILE: [(1.0, (1.0,))],
}
REJECTS = (
    ("lost", "chr1", 12000, 13000, "no_cds", "<s>1", None),
    ("lncRNA", "chr1", 15000, 15500, "mixed_strand", "<s>2", 1),
    ("lncRNA", "chr1", 15000, 15500, "no_cds", "<s>2", 2),
    ("two", "chr2", 1000, 1400, "bad_interval", "<s>3", 3),
    ("long", "chr2", 9000, 9900, "window_too_long", None, None),
)
ACCOUNTING = {
    "annotated": 5,
    "rejected": {"mixed_strand": 1, "no_cds": 1},
    "skipped": {"window_too_long": 1},
    "rejected_isoforms": {"bad_interval": 1},
    "orf": {"broken": 1, "complete": 3, "partial3": 1, "partial5": 1},
    "kept_input": 1,
    "total": 8,
}


def write_run(folder: Path, source: str = "genes.gff3") -> Path:
    """Write the run's files and its input; returns the annotation."""
    output, gff = folder / "out.gff3", write_inputs(folder, source)
    header = "".join(f"##sequence-region {name} 1 {n}\n" for name, n in LENGTHS.items())
    kept = write_gene("lost", *INPUT["lost"]).replace(
        "ID=lost\n", "ID=lost;GM=lost;kept=no_cds\n", 1
    )
    genes = [
        write_gene(name, *gene, confidence=confidence, notes=notes) + "###\n"
        for name, (gene, confidence, notes) in OUTPUT.items()
    ]
    output.write_text("##gff-version 3\n" + header + "".join(genes) + kept + "###\n")
    lines = [_reject(*reject) for reject in REJECTS]
    (folder / "out.gff3.rejects.txt").write_text("".join(lines))
    write_summary(folder, output, gff, ACCOUNTING, keep_input=True)
    return output


def write_inputs(folder: Path, source: str = "genes.gff3") -> Path:
    """Write genome and annotation; returns the latter."""
    gff = folder / source
    gff.write_text("##gff-version 3\n" + "".join(write_gene(name, *INPUT[name]) for name in INPUT))
    (folder / "genome.fa").write_text(
        "".join(f">{name}\n{'ACGT' * (n // 4 + 1)}\n" for name, n in LENGTHS.items())
    )
    return gff


def write_gene(name, seqid, strand, transcripts, confidence=None, notes=()):
    """Write the rows of a gene, as predicted where there is a confidence."""
    encoded = ENCODED if name == HOSTILE else name
    predicted = confidence is not None
    prefix, gm = ("gene:", f"GM={encoded};") if predicted else ("", "")

    def row(kind, start, end, phase, attributes, score="."):
        source = "transgenic" if predicted else "hand"
        columns = (seqid, source, kind, start + 1, end, score, strand, phase, attributes)
        return "\t".join(map(str, columns)) + "\n"

    first = min(exons[0][0] for exons, _ in transcripts)
    last = max(exons[-1][1] for exons, _ in transcripts)
    rows = [row("gene", first, last, ".", f"ID={prefix}{encoded};{gm}")]
    for number, (exons, cds) in enumerate(transcripts, start=1):
        identifier = f"mRNA:{encoded}.t{number}"
        more, scores = "", iter(())
        if predicted:
            isoform, parts = PROBABILITIES[name][number - 1]
            more = f"confidence={confidence:.4f};isoform_probability={isoform:.4f};"
            more += notes[number - 1]
            scores = (f"{score:.4f}" for score in parts)
        attributes = f"ID={identifier};Parent={prefix}{encoded};{gm}{more}"
        rows.append(
            row("mRNA" if cds else "transcript", exons[0][0], exons[-1][1], ".", attributes)
        )
        for start, end in exons:
            rows.append(row("exon", start, end, ".", f"Parent={identifier}"))
            low, high = (max(start, cds[0]), min(end, cds[1])) if cds else (0, 0)
            if low < high:
                score = next(scores, ".")
                rows.append(row("CDS", low, high, "0", f"Parent={identifier}", score))
    return "".join(line.replace(";\n", "\n") for line in rows)


def _reject(gene, seqid, start, end, reason, raw, transcript):
    return (
        json.dumps(
            {
                "gm_id": gene,
                "chrom": seqid,
                "start": start - 100 if raw else None,
                "pred_raw": raw,
                "pred_clean": raw,
                "error": f"{reason}: because of <b>{reason}</b>",
                "end": end + 100 if raw else None,
                "reason": reason,
                "gene_start": start,
                "gene_end": end,
                "strand": "+",
                "transcript": transcript,
            }
        )
        + "\n"
    )


def write_summary(
    folder: Path, output: Path, gff: Path, accounting: dict[str, Any], **task: bool
) -> None:
    """Write the checkpoint file of a run."""
    options = AnnotateOptions(
        fasta_file=folder / "genome.fa", gff_file=gff, output=output, model="moss", **task
    )
    RunSummary(
        output=output.name,
        fingerprint=RunFingerprint(
            {
                "annotation": file_sha256(gff),
                "genome": file_sha256(folder / "genome.fa"),
                "model": "ab" * 32,
                "device": "cpu",
            }
        ),
        journal="",
        results={"refine": "on"},
        version="0",
        status="complete",
        total=8,
        accounting=accounting,
        record={
            "options": absolute_options(options),
            "input_bytes": {"genome": 1234, "annotation": gff.stat().st_size},
            "versions": {"transgenic-dagster": "9.8", "Python": "3"},
            "machines": ["an abacus"],
            "seconds": dict(zip(STAGES, (1.5, 2.25, 60.0, 0.75), strict=True)),
        },
    ).write(options.run_state_file)
