"""What a report says of the run itself, beside the figures of its results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FileFact:
    """A file of the run.

    Args:
        role: what it was for.
        name: its name, without folders.
        size: bytes; None where it is not known.
        sha256: its digest as hexadecimal, empty where it is not known.
    """

    role: str
    name: str
    size: int | None
    sha256: str


@dataclass(frozen=True)
class RunFacts:
    """Facts of a run, all of them from its checkpoint file.

    Args:
        output: name of the annotation.
        files: inputs and results.
        model: name of the model.
        model_sha256: digest of its files.
        settings: options and other values that the results depend on, by name.
        versions: of this program and of the libraries that results depend on, by name.
        hardware: machines that took part, one phrase each.
        seconds: wall-clock time by stage; sessions that were killed are not in it.
        refine_distance: farthest move of a boundary, nt; None without refinement.
        note: why nothing is compared with the input, empty where all is.
    """

    output: str
    files: Sequence[FileFact]
    model: str
    model_sha256: str
    settings: Mapping[str, str]
    versions: Mapping[str, str]
    hardware: Sequence[str]
    seconds: Mapping[str, float]
    refine_distance: int | None
    note: str = ""
