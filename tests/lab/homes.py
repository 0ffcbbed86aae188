"""Small homes for tests."""

import shutil
from pathlib import Path
from typing import Any

import yaml

from tests import golden
from tests.assemblies import Assembly, golden_contigs
from transgenic_dagster.lab.workspace import Home

TINY: dict[str, Any] = {
    "model": str(golden.TINY_CHECKPOINT),
    "max_length": 32,
    "device": "cpu",
    "num_workers": 0,
    "batch_size": 1,
}


def make_home(folder: Path, **options: Any) -> Home:
    """A home whose assemblies are annotated with the tiny checkpoint."""
    home = Home(folder / "home")
    home.assemblies.mkdir(parents=True)
    set_options(home, **options)
    return home


def set_options(home: Home, **options: Any) -> None:
    home.options_file.write_text(yaml.safe_dump(TINY | options))


def put(home: Home, name: str, assembly: Assembly | None = None) -> None:
    """Put an assembly (six contigs by default) into a home."""
    folder = home.assembly(name).path
    folder.mkdir()
    if assembly is None:
        golden_contigs(folder)
    else:
        shutil.copy(assembly.fasta, folder / "genome.fa")
        shutil.copy(assembly.gff, folder / "genes.gff3")
