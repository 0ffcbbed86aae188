"""What lines of text can be written to: an open file, or anything that passes them on."""

from typing import Protocol


class TextSink(Protocol):
    """Takes text."""

    def write(self, text: str, /) -> object:
        """Take a piece of text, one line or more, each with its end."""
