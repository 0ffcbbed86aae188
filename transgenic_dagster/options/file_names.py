"""Names of a run's files that follow from the name of its output."""

from pathlib import Path

DEFAULT_OUTPUT = Path("transgenic_inference.gff3")
STANDARD_OUTPUT = Path("-")


def named_after(output: Path) -> Path:
    """File after which a run's further files are named, where they have no names of their own."""
    return DEFAULT_OUTPUT if output == STANDARD_OUTPUT else output


def lifted_gff_of(output: Path) -> Path:
    """Annotation that ``--lift_from`` makes for a run to start from."""
    return named_after(output).with_name(f"{named_after(output).name}.lifted.gff3")


def run_state_file_of(output: Path) -> Path:
    """File of a run's summary, unless another is asked for."""
    return output.with_name(f"{output.name}.ckpt.json")
