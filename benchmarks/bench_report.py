"""Time and memory of the report of a whole-genome run.

    python -m benchmarks.bench_report [GENES]

Files of a run of that many genes (44,000) are made up: annotation, reject report, input annotation
and checkpoint file. Then ``transgenic-report`` makes the report in a process of its own.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.run.record import STAGES, absolute_options
from transgenic_dagster.run.state import RunSummary
from transgenic_dagster.system.digest import file_sha256

CHROMOSOMES = 10
SCAFFOLDS = 500
SPACING = 20_000
REJECTED = 0.05
PROGRAM = "import sys; from transgenic_dagster.cli.report import main; sys.exit(main())"


def main() -> None:
    """Make up a run, report on it, and print time, memory and size."""
    genes = int(sys.argv[1]) if len(sys.argv) > 1 else 44_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_run(folder, genes)
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", PROGRAM, folder / "out.gff3"], check=True)
        seconds = time.monotonic() - began
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2
        size = (folder / "out.gff3.report.html").stat().st_size / 1e6
    print(
        f"{genes:,} genes: {seconds:.1f} s ({processor:.1f} s of processor time), "
        f"{memory:.2f} GiB, {size:.2f} MB of HTML"
    )


def write_run(folder: Path, genes: int) -> None:
    """Write the files of a run: ``genes.gff3``, ``out.gff3``, its rejects and checkpoint."""
    draw = random.Random(1)
    places = _places(genes)
    annotated = rejected = 0
    with (
        (folder / "genes.gff3").open("w") as source,
        (folder / "out.gff3").open("w") as output,
        (folder / "out.gff3.rejects.txt").open("w") as rejects,
    ):
        source.write("##gff-version 3\n")
        output.write("##gff-version 3\n")
        for seqid, length in _lengths(places).items():
            output.write(f"##sequence-region {seqid} 1 {length}\n")
        for number, (seqid, start) in enumerate(places):
            strand = draw.choice("+-")
            isoforms = [_exons(draw, start) for _ in range(1 + (draw.random() < 0.3))]
            _write_gene(source, f"G{number}", seqid, strand, isoforms, predicted=False)
            if draw.random() < REJECTED:
                rejected += 1
                _write_reject(rejects, f"G{number}", seqid, start)
            else:
                annotated += 1
                moved = [[(a + draw.randint(-1, 1) * 3, b) for a, b in one] for one in isoforms]
                _write_gene(output, f"G{number}", seqid, strand, moved, predicted=True)
    (folder / "genome.fa").write_text(">chr1\nACGT\n")
    _write_summary(folder, annotated, rejected)


def _places(genes: int) -> list[tuple[str, int]]:
    on_scaffolds = [f"scaffold_{number % SCAFFOLDS + 1}" for number in range(genes // 20)]
    on_chromosomes = [
        f"chr{number * CHROMOSOMES // genes + 1}" for number in range(genes - len(on_scaffolds))
    ]
    seen: dict[str, int] = {}
    places = []
    for seqid in on_chromosomes + sorted(on_scaffolds, key=lambda name: int(name[9:])):
        seen[seqid] = seen.get(seqid, 0) + 1
        places.append((seqid, seen[seqid] * SPACING))
    return places


def _lengths(places: list[tuple[str, int]]) -> dict[str, int]:
    return {seqid: start + SPACING for seqid, start in places}


def _exons(draw: random.Random, start: int) -> list[tuple[int, int]]:
    exons = []
    for _ in range(draw.randint(1, 11)):
        end = start + draw.randint(60, 600)
        exons.append((start, end))
        start = end + draw.randint(80, 900)
    return exons


def _write_gene(handle, gene_id, seqid, strand, isoforms, *, predicted):
    first = min(exons[0][0] for exons in isoforms)
    last = max(exons[-1][1] for exons in isoforms)
    prefix = "gene:" if predicted else ""
    gm = f";GM={gene_id}" if predicted else ""
    source = "transgenic" if predicted else "made_up"

    def row(kind, start, end, phase, attributes, score="."):
        columns = (seqid, source, kind, start + 1, end, score, strand, phase, attributes)
        handle.write("\t".join(map(str, columns)) + "\n")

    row("gene", first, last, ".", f"ID={prefix}{gene_id}{gm}")
    for number, exons in enumerate(isoforms, start=1):
        name = f"mRNA:{gene_id}.t{number}"
        notes = ""
        if predicted:
            introns = len(exons) - 1
            notes = (
                f"{gm};confidence=0.9{number}00;isoform_probability=0.{number}000;start_codon=1;stop_codon=1;inframe_stops=0;"
                f"canonical_splice={introns}/{introns};orf=complete;refined=stop:+{3 * number}"
            )
        row("mRNA", exons[0][0], exons[-1][1], ".", f"ID={name};Parent={prefix}{gene_id}{notes}")
        for part, (start, end) in enumerate(exons, start=1):
            row("exon", start, end, ".", f"ID=exon:{gene_id}.t{number}.{part};Parent={name}{gm}")
            score = f"0.{(start + part) % 10_000:04}" if predicted else "."
            attributes = f"ID=CDS:{gene_id}.t{number};Parent={name}{gm}"
            row("CDS", start + 1, end - 1, "0", attributes, score)
    handle.write("###\n")


def _write_reject(handle, gene_id, seqid, start):
    values = {
        "gm_id": gene_id,
        "chrom": seqid,
        "start": start,
        "pred_raw": "<s>1|CDS1|",
        "pred_clean": "1|CDS1|",
        "error": "unparsable: the model output does not follow the grammar",
        "end": start + 6144,
        "reason": "unparsable",
        "gene_start": start,
        "gene_end": start + 3000,
        "strand": "+",
        "transcript": None,
    }
    handle.write(json.dumps(values) + "\n")


def _write_summary(folder: Path, annotated: int, rejected: int) -> None:
    options = AnnotateOptions(
        fasta_file=folder / "genome.fa", gff_file=folder / "genes.gff3", output=folder / "out.gff3"
    )
    accounting = {
        "annotated": annotated,
        "rejected": {"unparsable": rejected},
        "skipped": {},
        "rejected_isoforms": {},
        "total": annotated + rejected,
    }
    fingerprint = {
        "annotation": file_sha256(folder / "genes.gff3"),
        "genome": file_sha256(folder / "genome.fa"),
        "model": "0" * 64,
    }
    record = {
        "options": absolute_options(options),
        "input_bytes": {},
        "versions": {"transgenic-dagster": "0"},
        "machines": ["made up"],
        "seconds": dict.fromkeys(STAGES, 1.0),
    }
    RunSummary(
        output="out.gff3",
        fingerprint=RunFingerprint(fingerprint),
        journal="",
        results={},
        version="0",
        status="complete",
        total=annotated + rejected,
        accounting=accounting,
        record=record,
    ).write(options.run_state_file)


if __name__ == "__main__":
    main()
