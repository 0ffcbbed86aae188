"""Wording that messages of all parts have in common."""


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 gene`` or ``2,000 genes``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
