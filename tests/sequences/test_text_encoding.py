from hypothesis import example, given
from hypothesis import strategies as st

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
    pieces = list(decode_lines([*blocks, rest]))
    expected = decode_text(raw).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if expected and not expected.endswith("\n"):
        expected += "\n"
    assert "".join(pieces) == expected
    assert all(piece.endswith("\n") for piece in pieces)
