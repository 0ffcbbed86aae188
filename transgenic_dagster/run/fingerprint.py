"""Identity of a run: everything that its results depend on, by stage, as one fingerprint.

Each stage extends the fingerprint of the stage before it. Options take part by their own flag
(``affects_results`` in ``options``); nothing is listed here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster import __version__
from transgenic_dagster.errors import InputError
from transgenic_dagster.options import AnnotateOptions, Stage
from transgenic_dagster.run.model_and_devices import ModelAndDevices
from transgenic_dagster.system.digested_files import DigestedFiles
from transgenic_dagster.system.input_files import input_status


@dataclass(frozen=True)
class RunFingerprint:
    """Values that results depend on: digests of inputs and model, device, precision, options.

    Args:
        values: text by name.
    """

    values: Mapping[str, str]

    def extended(self, *more: Mapping[str, str]) -> "RunFingerprint":
        """The fingerprint of the next stage."""
        return RunFingerprint({k: v for values in (self.values, *more) for k, v in values.items()})

    def diff(self, other: "RunFingerprint") -> dict[str, tuple[str | None, str | None]]:
        """Values that differ, this one's first, by name; None where one does not have them."""
        return {
            name: (self.values.get(name), other.values.get(name))
            for name in sorted({*self.values, *other.values})
            if self.values.get(name) != other.values.get(name)
        }

    def describe_diff(self, now: "RunFingerprint") -> list[str]:
        """One phrase for each value that differs from the present one."""
        return [
            f"{name} was {_short(before)}, is {_short(after)}"
            for name, (before, after) in self.diff(now).items()
        ]

    def identity(self, piece: str = "") -> str:
        """Name of the run, or of one of its pieces, in the files that belong to it."""
        return hashlib.sha256(f"{self.as_json()} {piece}".encode()).hexdigest()[:32]

    def as_json(self) -> str:
        """The values as one line of JSON, names in alphabetical order."""
        return json.dumps(dict(self.values), sort_keys=True)


@dataclass(frozen=True)
class InputDigests:
    """The input files as they were read."""

    genome: DigestedFiles
    annotation: DigestedFiles


def digest_inputs(options: AnnotateOptions) -> InputDigests:
    """Read both input files once.

    Raises:
        InputError: one is missing, cannot be read, or changes meanwhile.
    """
    return InputDigests(
        genome=read_input(options.fasta_file, "genome"),
        annotation=read_input(options.gff_file, "annotation"),
    )


def check_inputs(options: AnnotateOptions) -> None:
    """Check, without reading them, that the input files are there.

    Raises:
        InputError: one is missing, or is not a regular file.
    """
    for role, path in options.input_files.items():
        input_status(path, role)
    if options.names_from:
        input_status(options.names_from, "earlier output")


def digest_input(path: Path, role: str) -> str:
    """SHA-256 of an input file.

    Raises:
        InputError: as ``read_input``.
    """
    return read_input(path, role).sha256


def read_input(path: Path, role: str) -> DigestedFiles:
    """Read an input file once.

    Raises:
        InputError: it is missing, not a regular file, cannot be read, or changes meanwhile.
    """
    input_status(path, role)
    try:
        return DigestedFiles.read(path)
    except OSError as error:
        raise InputError(f"The {role} {path} cannot be read ({error.strerror}).") from error


def sorting_fingerprint(options: AnnotateOptions, annotation: str) -> RunFingerprint:
    """Fingerprint of the sorted annotation; ``annotation`` is the digest of the user's file."""
    return RunFingerprint({"annotation": annotation}).extended(
        options.affecting_results(Stage.SORTING)
    )


def regions_fingerprint(
    sorting: RunFingerprint, options: AnnotateOptions, genome: str
) -> RunFingerprint:
    """Fingerprint of the region database; ``genome`` is the digest of the FASTA file."""
    return sorting.extended({"genome": genome}, options.affecting_results(Stage.REGIONS))


def predictions_fingerprint(
    regions: RunFingerprint, options: AnnotateOptions, found: ModelAndDevices
) -> RunFingerprint:
    """Fingerprint of the predictions."""
    return regions.extended(
        options.affecting_results(Stage.PREDICTIONS),
        {
            "model": found.model.sha256,
            "device": found.device.type,
            "precision": found.precision,
        },
    )


def whole_fingerprint(
    options: AnnotateOptions, digests: InputDigests, found: ModelAndDevices
) -> RunFingerprint:
    """Fingerprint of the predictions of a run from the beginning."""
    sorting = sorting_fingerprint(options, digests.annotation.sha256)
    return predictions_fingerprint(
        regions_fingerprint(sorting, options, digests.genome.sha256), options, found
    )


def provenance(model: str, version: str, fingerprint: RunFingerprint) -> dict[str, str]:
    """Lines of the GFF3 header on where it comes from, by name."""
    return {
        "transgenic-dagster": version,
        "model": model,
        "options": fingerprint.as_json(),
    }


def code_version(options: AnnotateOptions, stage: Stage = Stage.RESULTS) -> str:
    """A short text that changes when the model, or an option that changes results, does.

    It names the model and its revision. A model in a local folder counts with the size and time
    of its files, for reading gigabytes of weights would take too long to do it often.

    Args:
        options: of an assembly, or of all.
        stage: the last stage whose options count.
    """
    chosen = [options.affecting_results(s) for s in Stage if s <= stage]
    digest = hashlib.sha256(json.dumps([__version__, *chosen], sort_keys=True).encode())
    folder = Path(options.model)
    model = f"{options.model}@{options.revision or 'main'}"
    if folder.is_dir():
        model = f"{folder.name}@{options.revision or 'local'}"
        for path in sorted(p for p in folder.iterdir() if p.is_file()):
            status = path.stat()
            digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
    return f"{model} {digest.hexdigest()[:12]}"


def _short(value: str | None) -> str:
    if value is None:
        return "not recorded"
    return f"{value[:12]}…" if len(value) == 64 else value
