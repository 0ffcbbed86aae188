"""Limits of the checks of an annotation: shares, from 0 to 1, that a good one keeps."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from transgenic_dagster.errors import UsageError

Share = Annotated[float, Field(ge=0, le=1, strict=True)]


class CheckLimits(BaseModel):
    """Limits of the checks; the defaults are for an annotation of unknown quality."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    annotated: Share = Field(0.5, description="least share of the genes with a gene model")
    overlapping: Share = Field(
        0.95, description="least share of the gene models that share a base with their input gene"
    )
    complete_frames: Share = Field(
        0.5, description="least share of the transcripts from a start codon to a stop codon"
    )
    stops_in_frame: Share = Field(
        0.05, description="largest share of the transcripts with a stop codon inside their frame"
    )
    repeated: Share = Field(
        0.2, description="largest share of the gene models with the structure of another one"
    )


def parse_limits(values: Any) -> CheckLimits:
    """Check limits.

    Args:
        values: limits by name; those that are left out have their defaults.

    Raises:
        UsageError: one sentence on the first one that is wrong.
    """
    known = ", ".join(CheckLimits.model_fields)
    if not isinstance(values, dict):
        raise UsageError(f"checks: write NAME: SHARE for each of {known} (got {values!r}).")
    try:
        return CheckLimits(**{str(name): value for name, value in values.items()})
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        if name not in CheckLimits.model_fields:
            raise UsageError(f"checks: {name} is not one of {known}.") from error
        got = next(value for key, value in values.items() if str(key) == name)
        raise UsageError(f"checks: {name}: a share from 0 to 1, such as 0.8 (got {got!r}).") from (
            error
        )
