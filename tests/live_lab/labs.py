"""Labs and assemblies that scenarios begin with."""

import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml

from tests.assemblies import write_fasta, write_genes
from tests.live_lab.deployments import lab_environment, serve, write_demo_lab
from tests.live_lab.graphql import LabServer
from tests.live_lab.processes import command_of, kill_all, processes_of
from tests.live_lab.saying import check, say
from tests.waiting import wait_for

PIECES = ("Chr1", "Chr2", "scaffold_1", "unplaced-01")
"""Pieces of the demo assembly."""
RESULTS = ("annotation.gff3", "annotation.gff3.rejects.txt", "sentences.tsv", "proteins.fa")
SECONDS_TO_MISS_IT = 120
"""Dagster's code servers end when they have missed the heartbeat of their server for 45 s."""
ANNOTATE = "import sys; from transgenic_dagster.cli.annotate import main as c; sys.exit(c())"


@contextmanager
def temporary_lab(*, rest_seconds: float = 3, **options: object) -> Iterator[Path]:
    """A lab without an assembly, whose assemblies are annotated with the demo's model.

    Args:
        rest_seconds: time after which files count as complete.
        options: of all assemblies.
    """
    with tempfile.TemporaryDirectory(prefix="lab-") as name:
        lab = Path(name) / "lab"
        write_demo_lab(lab, "--model", "demo")
        set_options(lab, **options)
        (lab / "assemblies" / "demo").rename(demo_of(lab))
        settings = lab / "annotation_lab" / "defs" / "lab" / "defs.yaml"
        values = yaml.safe_load(settings.read_text())
        values["attributes"]["rest_seconds"] = rest_seconds
        settings.write_text(yaml.safe_dump(values))
        try:
            yield lab
        finally:
            kill_all(lab)


@contextmanager
def served(lab: Path, deployment: str, **variables: str) -> Iterator[LabServer]:
    """Serve a lab, and see that nothing is left of it when that ends."""
    with serve(lab, lab_environment(lab, **variables), deployment) as server:
        say(f"{deployment} serves the lab")
        yield server
    with suppress(TimeoutError):
        wait_for(lambda: not processes_of(lab), "the end of all processes", SECONDS_TO_MISS_IT)
    left = [command_of(process) for process in processes_of(lab)]
    check(not left, f"no process is left {left or ''}".rstrip())


def demo_of(lab: Path) -> Path:
    """Files of the demo assembly, beside a lab."""
    return lab.parent / "demo"


def put_demo(lab: Path) -> None:
    """Put the demo assembly into a lab."""
    folder = Path(tempfile.mkdtemp(dir=lab.parent))
    shutil.copytree(demo_of(lab), folder, dirs_exist_ok=True)
    folder.rename(lab / "assemblies" / "demo")


def set_options(lab: Path, **options: object) -> None:
    """Write the options of all assemblies of a lab."""
    (lab / "options.yaml").write_text(yaml.safe_dump({"model": "demo", **options}))


def chromosome_of_demo(lab: Path, name: str, chromosome: str = "Chr2") -> None:
    """Put a new assembly into a lab: one chromosome of the demo (Chr2 has 18 genes)."""
    demo = demo_of(lab)
    records = (demo / "genome.fa").read_text().split(">")
    rows = (demo / "genes.gff3").read_text().splitlines(keepends=True)
    record = next(record for record in records if record.startswith(f"{chromosome} "))
    write_assembly_files(
        lab, name, f">{record}", "".join(row for row in rows if f"{chromosome}\t" in row)
    )


def random_assembly(
    lab: Path, name: str, *, contigs: int = 1, genes: int = 5, length: int = 9000, seed: int = 1
) -> None:
    """Put random DNA into a lab; genes lie on contigs far apart, one on each where there are many.

    Args:
        lab: its folder.
        name: of the assembly.
        contigs: number of sequences.
        genes: number of genes.
        length: of each sequence (nt).
        seed: other seeds give other DNA.
    """
    letters = random.Random(seed)
    sequences = {
        f"contig_{number + 1}": "".join(letters.choices("ACGT", k=length))
        for number in range(contigs)
    }
    rows = []
    for number in range(genes):
        contig = number * contigs // genes
        start = 100 + 1500 * (number - -(-contig * genes // contigs))
        rows.append((f"contig_{contig + 1}", start, start + 1200, "+", f"ID=gene{number + 1}"))
    folder = Path(tempfile.mkdtemp(dir=lab.parent))
    write_fasta(folder / "genome.fa", sequences)
    write_genes(folder / "genes.gff3", rows)
    folder.rename(lab / "assemblies" / name)


def write_assembly_files(lab: Path, name: str, genome: str, genes: str) -> None:
    """Put files into a lab as an assembly, at once."""
    folder = Path(tempfile.mkdtemp(dir=lab.parent))
    (folder / "genome.fa").write_text(genome)
    (folder / "genes.gff3").write_text(genes)
    folder.rename(lab / "assemblies" / name)


def start_annotating(
    lab: Path, name: str, folder: Path, **options: object
) -> "subprocess.Popen[bytes]":
    """Start transgenic-annotate with an assembly's inputs, as the lab annotates it."""
    inputs = sorted((lab / "assemblies" / name).glob("gen*"), reverse=True)
    folder.mkdir()
    names = ("output", "reject_output", "gsf_output", "proteins")
    given = dict(zip(names, (folder / result for result in RESULTS), strict=True))
    given |= {"model": "demo", **options}
    arguments = [f"--{option}={value}" for option, value in given.items()]
    return subprocess.Popen(
        [sys.executable, "-c", ANNOTATE, *map(str, inputs), *arguments, "--quiet"],
        env=lab_environment(lab),
    )


def check_same_files(lab: Path, name: str, folder: Path) -> None:
    """Compare an assembly's results with those of the shell."""
    for result in RESULTS:
        same = (lab / "runs" / name / result).read_bytes() == (folder / result).read_bytes()
        check(same, f"{result} is that of transgenic-annotate")


def annotation(lab: Path, name: str) -> Path:
    """File that stands once an assembly is annotated."""
    return lab / "runs" / name / "annotation.gff3.ckpt.json"


def copy_assembly(lab: Path, name: str, copies: Iterable[str]) -> None:
    """Copy an assembly under other names."""
    for copy in copies:
        shutil.copytree(lab / "assemblies" / name, lab / "assemblies" / copy)
