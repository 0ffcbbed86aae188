import os
import re
import signal
import subprocess
import sys

import pytest

from galaxy_tool.form_words import in_form_words, read_form
from tests.galaxy.form import TOOL, TOOL_FOLDER
from tests.galaxy.test_form import FIXED, NOT_FOR_GALAXY

FIELDS = read_form(TOOL)
PROGRAM = TOOL_FOLDER / "form_words.py"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "--max_length 3000: the table ends at 512",
            "“Longest model output (tokens)” 3000: the table ends at 512",
        ),
        (
            "so try --precision fp32 or bf16",
            "so try “Numerical precision: fp32: 32 bits, slowest and most exact” or bf16",
        ),
        ("choose one with --feature_types.", "choose one with “Rows that count as genes”."),
        (
            "--complete and --grammar on exclude each other",
            "“Complete them: add isoforms” and “Restrict the model output to well-formed gene "
            "structures: Yes” exclude each other",
        ),
        (
            "The disk is full; free some space and continue with --resume.",
            "The disk is full; free some space and run this tool again.",
        ),
        ("Chr1 -- 5 --unheard_of", "Chr1 -- 5 --unheard_of"),
    ],
)
def test_options_are_told_as_the_form_has_them(message, words):
    assert in_form_words(message, FIELDS) == words


def test_every_option_that_the_form_sets_is_known():
    set_by_users = re.findall(r'argument="--(\w+)"', TOOL.read_text())
    assert set(set_by_users) <= set(FIELDS)
    assert not set(FIELDS) & set(NOT_FOR_GALAXY)
    assert {"complete", "report", "changes"} <= set(FIELDS) & set(FIXED)


def run(*command):
    return subprocess.run(
        [sys.executable, "-I", PROGRAM, TOOL, *command], capture_output=True, check=False
    )


def test_the_exit_code_and_the_standard_output_are_the_programs():
    done = run("sh", "-c", "echo out; echo 'Error: --refine off' >&2; exit 5")
    assert (done.returncode, done.stdout) == (5, b"out\n")
    assert "“Refine gene models against the DNA: No" in done.stderr.decode()


def test_a_program_that_is_killed_ends_as_in_a_shell():
    assert run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_letters_of_other_encodings_pass():
    assert run("printf", "x").returncode == 0
    assert run("sh", "-c", r"printf '\377 --x\n' >&2").stderr == b"\xff --x\n"


def test_lines_come_when_they_are_written():
    reader, writer = os.pipe()
    program = subprocess.Popen(
        [sys.executable, PROGRAM, TOOL, "sh", "-c", "echo begun >&2; read -r end"],
        stdin=reader,
        stderr=subprocess.PIPE,
    )
    with program:
        assert program.stderr.readline() == b"begun\n"
        os.write(writer, b"\n")
    os.close(reader)
    os.close(writer)
    assert program.returncode == 0
