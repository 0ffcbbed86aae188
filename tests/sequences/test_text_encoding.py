from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transgenic_dagster.errors import InputError
from transgenic_dagster.sequences.text_encoding import decode_lines, decode_text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf_8_is_read_as_it_is(text: str) -> None:
    assert decode_text(text.encode()) == text


@given(st.binary())
def test_anything_can_be_decoded(raw: bytes) -> None:
    decode_text(raw)


def test_other_bytes_are_windows_1252() -> None:
    assert decode_text(b"caf\xe9 \x80 \x81 \xc3\xa9") == "café € \x81 é"


@given(st.binary(), st.lists(st.integers(1, 5)))
@example(b"\xef\xbb", [1])
@example("\ufeffa\n".encode(), [1, 1])
def test_blocks_do_not_change_the_text(raw: bytes, sizes: list[int]) -> None:
    blocks, rest = [], raw
    for size in sizes:
        blocks.append(rest[:size])
        rest = rest[size:]
    pieces = list(decode_lines([*blocks, rest], Path("x")))
    expected = decode_text(raw).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if expected and not expected.endswith("\n"):
        expected += "\n"
    assert "".join(pieces) == expected
    assert all(piece.endswith("\n") for piece in pieces)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_of_a_very_long_line_without_tabs_only_the_beginning_is_kept(size):
    text = "a\n" + "ACGT" * 50 + "\nb\tc\n"
    blocks = [text[i : i + size].encode() for i in range(0, len(text), size)]
    found = "".join(decode_lines(blocks, Path("x"), longest_line=8)).split("\n")
    assert (found[0], found[2:]) == ("a", ["b\tc", ""])
    assert len(found[1]) <= 8
    assert set(found[1]) <= set("ACGT")


@pytest.mark.parametrize("size", [1, 3, 20])
@pytest.mark.parametrize("tab", [1, 30, 38])
def test_a_row_that_is_too_long_is_refused_with_its_line(size, tab):
    text = "a\nb\n" + "x" * tab + "\t" + "x" * (39 - tab) + "\nc\n"
    blocks = [text[i : i + size].encode() for i in range(0, len(text), size)]
    with pytest.raises(InputError, match=r"^genes\.gff, line 3 is longer than 8 letters"):
        list(decode_lines(blocks, Path("genes.gff"), longest_line=8))
