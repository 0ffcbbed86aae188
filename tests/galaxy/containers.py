"""The sample's container destinations in a real Galaxy, with stand-ins for the runtimes.

The model and the genome lie where no container sees them unless the destination binds them.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.galaxy import fake_container
from tests.galaxy.form import TOOL_FOLDER

SAMPLE = TOOL_FOLDER / "admin" / "job_conf.sample.yml"
RUNTIMES = {"slurm_gpu": "singularity", "docker_gpu": "docker"}
"""Destinations of the sample that run jobs in containers, with their runtimes."""

OUTSIDE = "outside"
"""Identifier, in both data tables, of what lies outside of Galaxy's own folders."""

GPU = "7"
"""Value of ``CUDA_VISIBLE_DEVICES`` that jobs are given, as by Slurm."""

_TABLES = """\
<tables>
    <table name="transgenic_models" comment_char="#"><columns>value, name, path</columns>
        <file path="{models}/models.loc"/></table>
    <table name="all_fasta" comment_char="#"><columns>value, dbkey, name, path</columns>
        <file path="{genomes}/genomes.loc"/></table>
</tables>
"""


@dataclass(frozen=True)
class Containers:
    """What containers need, in a folder that Galaxy knows nothing of.

    Args:
        folder: new folder for models, genomes and runtimes.
        image_path: folder of programs in the image.
    """

    folder: Path
    image_path: Path

    @property
    def tables(self) -> Path:
        """Configuration of the data tables that name the model and the genome."""
        return self.folder / "tables.xml"

    def record(self, runtime: str) -> Path:
        """File with one line of JSON for each call of a runtime that ran something."""
        return self.folder / f"{runtime}.jsonl"

    def write(self) -> None:
        """Write it all."""
        for name in ("models", "genomes", "programs", "runs"):
            (self.folder / name).mkdir(parents=True)
        models, genomes = self.folder / "models", self.folder / "genomes"
        shutil.copytree(TOOL_FOLDER / "test-data" / "tiny_model", models / "tiny")
        shutil.copy(TOOL_FOLDER / "test-data" / "scaffolds.fa", genomes)
        _write_row(models / "models.loc", OUTSIDE, "Tiny", models / "tiny")
        _write_row(genomes / "genomes.loc", OUTSIDE, "?", "Scaffolds", genomes / "scaffolds.fa")
        self.tables.write_text(_TABLES.format(models=models, genomes=genomes))
        for destination, runtime in RUNTIMES.items():
            self._write_runtime(runtime, sample_destinations()[destination])

    def destination(self, name: str) -> dict[str, Any]:
        """A destination of the sample, on this machine and with this folder's model and genome."""
        text = json.dumps(sample_destinations()[name])
        text = text.replace("/data/transgenic_runs", str(self.folder / "runs"))
        text = text.replace("/data/transgenic", str(self.folder / "models"))
        settings = json.loads(text.replace("/data/genomes", str(self.folder / "genomes")))
        settings.pop("native_specification", None)
        settings.pop("resubmit", None)
        path = {"name": "PATH", "value": f"{self.folder / 'programs'}:$PATH", "raw": True}
        gpu = {"name": "CUDA_VISIBLE_DEVICES", "value": GPU}
        return {**settings, "runner": "local", "env": [path, gpu]}

    def _write_runtime(self, runtime: str, destination: dict[str, Any]) -> None:
        settings = self.folder / f"{runtime}.json"
        settings.write_text(
            json.dumps(
                {
                    "image": destination["container_override"][0]["identifier"],
                    "hidden": [str(self.folder / "models"), str(self.folder / "genomes")],
                    "path": f"{self.image_path}:/usr/local/bin:/usr/bin:/bin",
                    "record": str(self.record(runtime)),
                }
            )
        )
        program = self.folder / "programs" / runtime
        command = f"{sys.executable} {fake_container.__file__} {settings} {runtime}"
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        program.chmod(0o755)


def sample_destinations() -> dict[str, dict[str, Any]]:
    """Destinations of the sample job configuration, by name."""
    return yaml.safe_load(SAMPLE.read_text())["execution"]["environments"]


def _write_row(table: Path, *values: object) -> None:
    table.write_text("\t".join(map(str, values)) + "\n")
