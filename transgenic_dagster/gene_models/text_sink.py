"""What lines of text can be written to: an open file, or anything that passes them on."""

from collections.abc import Iterator
from typing import Protocol


class TextSink(Protocol):
    """Takes text."""

    def write(self, text: str, /) -> object:
        """Take a piece of text, one line or more, each with its end."""


def whole_lines(text: str) -> Iterator[str]:
    """Yield the lines of a piece of text without their ends.

    Only LF ends a line: rows of the input may hold other letters that ``str.splitlines`` takes for
    an end, such as U+2028.
    """
    return iter(text.removesuffix("\n").split("\n"))
