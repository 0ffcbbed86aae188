"""Markdown tables for Dagster's asset pages; no value can break out of its cell."""

from collections.abc import Iterable, Mapping, Sequence

_SPECIAL = "\\`*_{}[]<>()#+-!|~&$"
_ESCAPED = str.maketrans({character: f"\\{character}" for character in _SPECIAL})


def cell(value: object) -> str:
    """Text of a cell: one line, with Markdown and HTML escaped."""
    if isinstance(value, int):
        return f"{value:,}"
    return " ".join(str(value).split()).translate(_ESCAPED)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Markdown table of rows under a header."""
    lines = [header, ["---"] * len(header), *([cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def outcome_table(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Table of genes by outcome and reason, the most frequent first.

    Args:
        counts: by outcome, numbers of genes by reason.
    """
    return table(
        ("outcome", "reason", "genes"),
        (
            (outcome, reason, count)
            for outcome, reasons in counts.items()
            for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        ),
    )
