"""Record of how a run was done, for its report: options, versions, machines, time per stage.

It is kept in the checkpoint file, since it differs between runs that give the same results.
"""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError

from transgenic_dagster import __version__
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.folder import RunFolder

Stage = Literal["sorted_gff", "region_db", "predictions", "merged_gff3"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
_LIBRARIES = ("torch", "transformers", "numpy", "duckdb", "pyfaidx")
_GIB = 1 << 30

_StageFunction = TypeVar("_StageFunction", bound=Callable[..., Any])


class _Entry(BaseModel):
    """How long a stage took, and where."""

    stage: Stage
    seconds: float
    machine: str


def timed(stage: Stage) -> Callable[[_StageFunction], _StageFunction]:
    """Decorate a stage function, so that the run's folder keeps how long it took, and where."""

    def decorate(function: _StageFunction) -> _StageFunction:
        @wraps(function)
        def measured(folder: RunFolder, *args: Any, **kwargs: Any) -> Any:
            began = time.monotonic()
            try:
                return function(folder, *args, **kwargs)
            finally:
                _append(folder.times, stage, time.monotonic() - began)

        return cast(_StageFunction, measured)

    return decorate


def describe_run(
    folder: RunFolder, options: AnnotateOptions, results_seconds: float
) -> dict[str, Any]:
    """Describe a run that is about to be complete, as plain values for its checkpoint file.

    Args:
        folder: of the run.
        options: of the run.
        results_seconds: time that the last stage took so far.
    """
    seconds, machines = dict.fromkeys(STAGES, 0.0), dict[str, None]()
    for entry in _entries(folder.times):
        seconds[entry.stage] += entry.seconds
        machines[entry.machine] = None
    seconds["merged_gff3"] += results_seconds
    machines[machine()] = None
    inputs = {"genome": options.fasta_file, "annotation": options.gff_file}
    return {
        "options": absolute_options(options),
        "input_bytes": {
            role: path.stat().st_size for role, path in inputs.items() if path.exists()
        },
        "versions": {
            "transgenic-dagster": __version__,
            "Python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
        "machines": list(machines),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
    }


def absolute_options(options: AnnotateOptions) -> dict[str, Any]:
    """Options of a run that were given, with the paths of its inputs and output absolute."""
    given = options.model_dump(mode="json", exclude_unset=True)
    files = {name: getattr(options, name) for name in ("fasta_file", "gff_file", "output")}
    absolute: dict[str, Any] = {name: str(path.absolute()) for name, path in files.items()}
    if options.lift_from:
        absolute["lift_from"] = [str(path.absolute()) for path in options.lift_from]
    return given | absolute


def machine() -> str:
    """Describe this machine in one phrase: processor, cores, memory, and GPUs that can be used."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    noun = "core" if cores == 1 else "cores"
    return "; ".join([f"{_processor()}, {cores} {noun}, {memory:.0f} GiB", *_gpus()])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _gpus() -> list[str]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return []
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return [f"{names.count(name)} × {name}" for name in dict.fromkeys(names)]


def _append(path: Path, stage: Stage, seconds: float) -> None:
    """Add a line; one write to a file that is opened for appending is never torn by another."""
    if path.parent.is_dir():
        entry = _Entry(stage=stage, seconds=seconds, machine=machine())
        with path.open("a", encoding="utf-8") as handle:
            handle.write(f"\n{entry.model_dump_json()}")  # behind what a crash has torn


def _entries(path: Path) -> Iterator[_Entry]:
    """Yield what can be read: a time that was lost with a crash must not stop the run."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        with suppress(ValidationError):
            yield _Entry.model_validate_json(line)
