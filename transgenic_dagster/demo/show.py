"""The demo from beginning to end: writes the assembly, annotates it and shows the result."""

import shlex
import sys
from pathlib import Path

from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.demo.compare import EXACT, DemoResult, GeneComparison, compare
from transgenic_dagster.demo.drawing import draw_gene
from transgenic_dagster.errors import RunError
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import BarProgress, LogProgress
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.system.wording import counted


def run_demo(folder: Path) -> str:
    """Run the demo in ``folder``, which is made if it does not exist.

    Returns:
        What to show: the result and the command line that repeats the annotation.

    Raises:
        RunError: a gene came out in another way than planned.
    """
    assembly = write_assembly(folder)
    options = AnnotateOptions(
        fasta_file=assembly.genome_fasta,
        gff_file=assembly.genes_gff3,
        output=folder / "annotated.gff3",
        model=str(demo_checkpoint()),
        precision="fp32",
        overwrite=True,
    )
    annotate(options, BarProgress() if sys.stderr.isatty() else LogProgress())
    result = compare(options.output, options.reject_path, assembly)
    if result.unexpected:
        names = ", ".join(comparison.gene.gene_id for comparison in result.unexpected)
        raise RunError(
            f"{counted(len(result.unexpected), 'demo gene')} came out in another way than "
            f"planned ({names}); compare {options.output} with {assembly.truth_gff3}, "
            "and do not trust this installation before you know why."
        )
    command = ["transgenic-annotate", str(options.fasta_file), str(options.gff_file)]
    command += ["-o", str(options.output), "--model", options.model, "--precision", "fp32"]
    return f"{render(result)}\n\nTo repeat the annotation:\n  {shlex.join(command)}\n"


def render(result: DemoResult) -> str:
    """Return a summary of all genes and a drawing of one, lines joined by newlines."""
    planted = [comparison for comparison in result.genes if not comparison.gene.predictable]
    lines = [
        f"{len(result.genes)} genes in the input, {result.predictable} of them predictable: "
        f"{result.exact} came out with exactly their true structure.",
        f"{len(planted)} planted to be rejected or skipped:",
        *(f"  {_outcome_line(comparison)}" for comparison in planted),
    ]
    exact = [comparison for comparison in result.genes if comparison.outcome == EXACT]
    if exact:
        best = max(exact, key=lambda comparison: len(comparison.predicted))
        lines += ["", *draw_gene(best.gene, best.predicted)]
    return "\n".join(lines)


def _outcome_line(comparison: GeneComparison) -> str:
    return f"{comparison.gene.gene_id}  {comparison.explanation or comparison.outcome}"
