"""Natural order of sequence names: chr2 before chr10."""

import re

_DIGITS = re.compile("([0-9]+)")


def natural_key(name: str) -> tuple[tuple[str, int, str], ...]:
    """Return a sort key that compares runs of digits by their value and the rest as text.

    Different names always have different keys, so the order is total and the same everywhere.
    """
    parts = _DIGITS.split(name)
    texts, numbers = parts[::2], [*parts[1::2], ""]
    # Comparing digits by count, then as text, is comparing them by value at any length.
    keys = [
        (text, len(number.lstrip("0")), number.lstrip("0"))
        for text, number in zip(texts, numbers, strict=True)
    ]
    return (*keys, (name, 0, ""))
