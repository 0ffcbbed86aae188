"""Runs a program, its messages in words of the form: ``form_words.py FORM PROGRAM ARGUMENT…``.

FORM is the tool's XML. Where a message names an option, users read the label of the field that
sets it, and the choice instead of its value. Lines come as they are written; the exit code is the
program's. It needs nothing but Python 3.10, as ``outcome.py``.
"""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

_AGAIN = (
    (r"\bcontinue with (?:the same command and )?--resume\b", "run this tool again"),
    (r"\b(?:run|predict) again with --overwrite\b", "run this tool again"),
    (r", with --verbose for a traceback to report", ", and report this to your administrator"),
    (r"\bwith more memory, --resume tries again", "more memory would help"),
)
"""What is said of runs that a terminal can continue."""

_KILLED = 128
"""What shells add to the number of a signal that ended a program."""


@dataclass(frozen=True)
class Field:
    """A field of the form.

    Args:
        label: what stands above it.
        choices: texts of its choices, by value.
    """

    label: str
    choices: dict[str, str]


def read_form(form: Path) -> dict[str, Field]:
    """Fields by the option that they set; a choice that is an option itself is a field, too."""
    fields: dict[str, Field] = {}
    for param in ET.parse(form).getroot().iterfind("inputs//param"):  # noqa: S314  # our own file
        options = {option.attrib["value"]: option.text or "" for option in param.iter("option")}
        if "argument" in param.attrib:
            name = param.attrib["argument"].removeprefix("--")
            fields.setdefault(name, Field(param.attrib["label"], options))
        else:
            fields |= {value: Field(text, {}) for value, text in options.items()}
    return fields


def in_form_words(message: str, fields: dict[str, Field]) -> str:
    """A message without options; what the form does not have stays as it is."""
    for pattern, words in _AGAIN:
        message = re.sub(pattern, words, message)

    def replaced(match: re.Match[str]) -> str:
        field = fields.get(match["option"])
        if field is None:
            return match[0]
        value = match["value"]
        if value in field.choices:
            return f"“{field.label}: {field.choices[value]}”"
        return f"“{field.label}”" + (f" {value}" if value else "")

    return re.sub(r"--(?P<option>[a-z_]+)(?: (?P<value>\w+))?", replaced, message)


def main(form: Path, command: list[str]) -> int:
    """Run the program; return its exit code."""
    fields = read_form(form)
    with subprocess.Popen(command, stderr=subprocess.PIPE) as program:
        assert program.stderr is not None
        for line in program.stderr:
            text = in_form_words(line.decode("utf-8", "surrogateescape"), fields)
            sys.stderr.buffer.write(text.encode("utf-8", "surrogateescape"))
            sys.stderr.buffer.flush()
    return program.returncode if program.returncode >= 0 else _KILLED - program.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
