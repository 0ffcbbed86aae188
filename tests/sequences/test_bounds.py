"""Inputs that have no end, or hardly any size until they are expanded, take little memory."""

import gzip
import subprocess
import sys

import pytest

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.annotation_text import read_annotation
from transgenic_dagster.sequences import compression, fasta_index
from transgenic_dagster.sequences.fasta import open_genome

MIB = 1 << 20
ROW = b"Chr1\tx\tgene\t1\t1000\t.\t+\t.\tID=a\n"
MOST_MEMORY = 300  # MiB, the interpreter and its libraries included

_READ = """
import sys
from pathlib import Path
from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.annotation_text import read_annotation
from transgenic_dagster.sequences.fasta import open_genome

what, path = sys.argv[1], Path(sys.argv[2])
try:
    if what == "annotation":
        for _ in read_annotation(path)[1]:
            pass
    else:
        open_genome(path, path.parent).close()
    print("read")
except InputError as error:
    print(error)
status = Path("/proc/self/status").read_text()  # getrusage counts the parent's memory, too
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


def outcome(what, path):
    """Read an input in a process of its own; return its message and its memory at most (MiB)."""
    arguments = [sys.executable, "-c", _READ, what, str(path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    *message, memory = done.stdout.splitlines()
    return "\n".join(message), int(memory)


def repeated(path, beginning, unit, mib, *, compressed):
    """Write a file of one unit again and again."""
    block = unit * (MIB // len(unit))
    with gzip.open(path, "wb", compresslevel=6) if compressed else path.open("wb") as file:
        file.write(beginning)
        for _ in range(mib):
            file.write(block)
    return path


@pytest.mark.parametrize("unit", [b"\0", b"\n", ROW], ids=["0", "blank", "row"])
def test_an_annotation_that_expands_to_far_more_than_its_size_is_refused(unit, tmp_path):
    path = repeated(tmp_path / "genes.gff3", b"", unit, 500, compressed=True)
    message, memory = outcome("annotation", path)
    assert "genes.gff3 expands to more than 100 times its size" in message
    assert memory < MOST_MEMORY


def test_a_genome_that_expands_to_far_more_than_its_size_is_refused(tmp_path, monkeypatch):
    real = compression.read_blocks
    monkeypatch.setattr(fasta_index, "read_blocks", lambda p: real(p, unchecked_size=1000))
    (tmp_path / "bomb.fa").write_bytes(gzip.compress(b">a\n" + b"ACGT" * 100_000))
    with pytest.raises(InputError, match=r"bomb\.fa expands to more than 100 times its size"):
        open_genome(tmp_path / "bomb.fa", tmp_path)


def test_what_expands_as_genomes_do_is_read(tmp_path):
    text = b">a\n" + b"ACGT" * 1000 + b"\n"
    (tmp_path / "a.fa").write_bytes(gzip.compress(text))
    assert b"".join(compression.read_blocks(tmp_path / "a.fa")) == text


@pytest.mark.parametrize("compressed", [False, True])
def test_a_header_without_end_is_refused(compressed, tmp_path):
    path = repeated(tmp_path / "a.fa", b">a\nACGT\n>", b"ACGT", 300, compressed=compressed)
    message, memory = outcome("genome", path)
    assert "the header of record 2 has no end within" in message
    assert memory < MOST_MEMORY


def test_a_row_without_end_is_refused(tmp_path):
    path = repeated(tmp_path / "a.gff3", ROW + ROW[:-1], b"x", 300, compressed=False)
    message, memory = outcome("annotation", path)
    assert "a.gff3, line 2 is longer than" in message
    assert memory < MOST_MEMORY


def test_chromosomes_on_a_single_line_are_read(tmp_path):
    path = repeated(tmp_path / "a.fa", b">a\n", b"ACGT", 100, compressed=False)
    message, memory = outcome("genome", path)
    assert message == "read"
    assert memory < MOST_MEMORY
    path = repeated(tmp_path / "a.gff3", ROW + b"##FASTA\n>a\n", b"ACGT", 100, compressed=False)
    message, memory = outcome("annotation", path)
    assert message == "read"
    assert memory < MOST_MEMORY


def test_a_name_that_repeats_is_refused_before_the_rest_is_read(tmp_path):
    path = repeated(tmp_path / "a.fa", b"", b">a\nA\n", 100, compressed=True)
    message, memory = outcome("genome", path)
    assert "has two sequences named 'a'" in message
    assert memory < MOST_MEMORY


def test_blank_and_comment_lines_before_the_first_row_count(tmp_path):
    path = tmp_path / "a.gff3"
    path.write_bytes(b"\n" * (5 * MIB) + b"#c\n" * (2 * MIB) + ROW)
    line, text = list(read_annotation(path)[1])[-1]
    rows = text.split("\n")
    assert line + rows.index(ROW.decode().strip()) == 7 * MIB + 1
