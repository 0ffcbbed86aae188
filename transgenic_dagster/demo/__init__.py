"""The demo: a small made-up assembly and a checkpoint that has memorised its genes."""

from pathlib import Path


def demo_checkpoint() -> Path:
    """Return the folder of the bundled checkpoint (``config.json`` and ``model.safetensors``).

    The model knows the genes of :func:`transgenic_dagster.demo.assembly.write_assembly` by heart
    and annotates nothing else; ``python -m transgenic_dagster.demo.train`` makes it anew.
    """
    return Path(__file__).parent / "checkpoint"
