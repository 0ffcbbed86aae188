"""Set-up of a home: Dagster's settings, the demo assembly, and assemblies that users add."""

import json
import shutil
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.lab.workspace import (
    GENES_NAMES,
    GENOME_NAMES,
    HOME_VARIABLE,
    OPTIONS_FILE,
    AssemblyFolder,
    Home,
    check_name,
)
from transgenic_dagster.options import DEFAULT_MODEL
from transgenic_dagster.sequences.fasta import open_genome
from transgenic_dagster.system.atomic_files import atomic_write

DEMO = "demo"

PROJECT = "annotation_lab"
"""Package of the lab's own project, which Dagster loads."""

PYPROJECT = f"""\
[project]
name = "annotation-lab"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["transgenic-dagster"]

[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
packages = ["{PROJECT}"]

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "{PROJECT}"
code_location_name = "transgenic"
registry_modules = ["transgenic_dagster.definitions"]
"""

WORKSPACE = f"""\
load_from:
  - python_module:
      module_name: {PROJECT}.definitions
      working_directory: .
      location_name: transgenic
"""

DEFINITIONS = '''\
"""What Dagster loads: everything in defs/; add assets of your own there."""

from functools import cache
from pathlib import Path

import dagster as dg


@dg.definitions
@cache  # Dagster asks several times in every process
def defs() -> dg.Definitions:
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
'''

COMPONENT = """\
# The lab; all settings have defaults. 'dg utils inspect-component' explains them.

type: transgenic_dagster.definitions.TransgenicLab

attributes:
  assemblies_at_once: 8         # more wait until one of these has its annotation
  rest_seconds: 30              # files that have not changed for so long are complete
  # alert_webhook: https://hooks.example.org/annotation   # gets a JSON text when a run fails
  # alert_email:
  #   sender: dagster@example.org
  #   recipients: [annotators@example.org]
  #   smtp_host: smtp.example.org
"""

DAGSTER = """\
# Dagster's own settings; https://docs.dagster.io/deployment/oss/dagster-yaml lists them all.

concurrency:
  runs:
    max_concurrent_runs: 8      # runs wait in a queue beyond that
  pools:
    granularity: run            # runs that need a GPU wait in the queue, not as processes

run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    dequeue_interval_seconds: 1

run_launcher:                   # knows whether a run's process is still there
  module: transgenic_dagster.executors.launcher
  class: WatchedRunLauncher

run_monitoring:                 # a run whose process has died is marked as failed ...
  enabled: true
  poll_interval_seconds: 20
  cancel_timeout_seconds: 60

run_retries:                    # ... and is started again; it continues from its journals
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false

retention:                      # of what sensors have seen; runs stay until they are deleted
  sensor:
    purge_after_days:
      skipped: 3
      success: 7
      failure: 90

telemetry:
  enabled: false
"""

HOME_OPTIONS = """\
# Options of all assemblies, as on the command line of transgenic-annotate; an assembly may have an
# options.yaml of its own beside its genome. When the model or its revision changes here, every
# assembly is annotated again.

{model}
# revision: main
# num_beams: 2
# checks: {{complete_frames: 0.8}}   # limits of the checks, shares from 0 to 1
# score_input: true      # also score the input's own genes, where it has CDS
# complete: true         # keep the input's transcripts, and add isoforms
# cds: true              # more files: cds, cdna, gtf, index, changes, check_submission, jbrowse
"""


def write_lab(root: Path, model: str | None = None) -> Home:
    """Write the home of a new lab, with the demo assembly in it.

    Args:
        root: a folder that is empty or does not exist.
        model: model of all assemblies; None for the default one.

    Raises:
        UsageError: the folder is not empty.
    """
    home = Home(root.absolute())
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(f"{root} is not empty; name a new folder.")
    home.assemblies.mkdir(parents=True)
    write_settings(home)
    _write(home.root / ".env", f"DAGSTER_HOME={home.root}\n{HOME_VARIABLE}={home.root}\n")
    chosen = f"# model: {DEFAULT_MODEL}" if model is None else f"model: {json.dumps(model)}"
    _write(home.options_file, HOME_OPTIONS.format(model=chosen))
    unfinished = _unfinished(home, DEMO)
    assembly = write_assembly(unfinished)
    assembly.truth_gff3.unlink()
    _write(
        unfinished / OPTIONS_FILE,
        "# The bundled model has memorised the genes of this assembly and annotates nothing else.\n"
        "model: demo\n",
    )
    unfinished.rename(home.assembly(DEMO).path)
    unfinished.parent.rmdir()
    return home


def write_settings(home: Home, but: Collection[str] = ()) -> None:
    """Write Dagster's settings, and the lab's own project.

    Args:
        home: its root is there.
        but: names of files to leave as they are.
    """
    for name, text in (("dagster.yaml", DAGSTER), ("workspace.yaml", WORKSPACE)):
        if name not in but:
            _write(home.root / name, text)
    _write_project(home.root)


def add_assembly(
    home: Home,
    name: str,
    genome: Path,
    genes: Path | None,
    *,
    copy: bool,
    options: str = "",
    before_visible: Callable[[], None] = lambda: None,
) -> None:
    """Put an assembly into a home, where it becomes visible once it is complete.

    Args:
        home: an existing home.
        name: name of the assembly; a new one.
        genome: FASTA file.
        genes: annotation: GFF3, GTF or BED; None where they are lifted from another assembly.
        copy: copy the files rather than link to them.
        options: content of the assembly's own ``options.yaml``; empty for none.
        before_visible: done when all is complete, before the assembly can be seen.

    Raises:
        InputError: a file is missing, or the genome cannot be read.
        UsageError: the name cannot be used, or the home does not exist.
    """
    target = home.assembly(name).path
    if not home.assemblies.is_dir():
        raise UsageError(
            f"{home.root} is not a home of assemblies; make one with 'transgenic-dagster init "
            f"DIR', or name one with --home or {HOME_VARIABLE}."
        )
    if target.exists():
        raise UsageError(
            f"An assembly {name} exists already ({target}); choose another name, or replace its "
            "files."
        )
    sources = {_stored_name(genome, "genome", GENOME_NAMES): genome}
    if genes:
        sources[_stored_name(genes, "genes", GENES_NAMES)] = genes
    unfinished = _unfinished(home, name)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        for stored, source in sources.items():
            if copy:
                shutil.copyfile(source, unfinished / stored)
            else:
                (unfinished / stored).symlink_to(source.resolve())
        if options:
            _write(unfinished / OPTIONS_FILE, options)
        _check_genome(AssemblyFolder(unfinished).genome, home.root)
        before_visible()
        unfinished.rename(target)
    except InputError as error:
        message = str(error)
        for stored, source in sources.items():
            message = message.replace(str(unfinished / stored), str(source))
        raise InputError(message) from error
    finally:
        shutil.rmtree(unfinished.parent, ignore_errors=True)


def _write_project(root: Path) -> None:
    """Write the lab's own project, for ``dg dev`` and ``dagster dev``."""
    package = root / PROJECT
    component = package / "defs" / "lab"
    component.mkdir(parents=True)
    _write(root / "pyproject.toml", PYPROJECT)
    for folder in (package, package / "defs"):
        _write(folder / "__init__.py", "")
    _write(package / "definitions.py", DEFINITIONS)
    _write(component / "defs.yaml", COMPONENT)


def _unfinished(home: Home, name: str) -> Path:
    """Folder of an assembly until it is complete: hidden, under its own name."""
    return home.assemblies / ".unfinished" / check_name(name)


def _check_genome(genome: Path, scratch: Path) -> None:
    """Read a genome once.

    Raises:
        InputError: it is not a FASTA file that can be used.
    """
    with (
        tempfile.TemporaryDirectory(prefix=".reading-", dir=scratch) as cache,
        open_genome(genome, Path(cache)),
    ):
        pass


def _stored_name(path: Path, stem: str, names: tuple[str, ...]) -> str:
    """Name of a file inside the home; known suffixes are kept."""
    if not path.is_file():
        raise InputError(f"The {stem} file {path} does not exist; check its name.")
    for name in sorted(names, key=len, reverse=True):
        if path.name.lower().endswith(name.removeprefix(stem)):
            return name
    return names[0]


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as handle:
        handle.write(text)
