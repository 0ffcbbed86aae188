"""Types of option values, with what they are written as."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

_DURATION = re.compile(r"(?:(?:(?P<d>\d+)-)?(?P<h>\d+):)?(?P<m>\d+):(?P<s>\d+)")
_DEVICE = re.compile(r"all|cpu(,cpu)*|cuda(:\d+)?|cuda:\d+(,cuda:\d+)+")


def _parse_duration(value: Any) -> Any:
    if not isinstance(value, str) or value.isdigit():
        return value
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError("a duration is a number of seconds, MM:SS, HH:MM:SS or D-HH:MM:SS")
    days, hours, minutes, seconds = (int(match[part] or 0) for part in "dhms")
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _parse_names(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _check_device(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _DEVICE.fullmatch(value):
        raise ValueError("devices are cpu, cuda, cuda:N, several as in cuda:0,cuda:1, or all")
    names = value.split(",")
    if "cpu" not in names and len(set(names)) < len(names):
        raise ValueError("a GPU is named twice")
    return value


Duration = Annotated[int, BeforeValidator(_parse_duration), Field(ge=1)]
FeatureTypes = Annotated[tuple[str, ...], BeforeValidator(_parse_names), Field(min_length=1)]
QualityTools = Annotated[
    tuple[Literal["psauron", "busco", "omark"], ...], BeforeValidator(_parse_names)
]
Device = Annotated[str, BeforeValidator(_check_device)]
BatchSize = Annotated[int, Field(ge=1)] | Literal["auto"]
