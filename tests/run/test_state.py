import pytest

from transgenic_dagster.errors import UsageError
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.run.state import (
    PieceState,
    PieceSummary,
    RunSummary,
    read_piece_state,
    read_run_summary,
)

FINGERPRINT = RunFingerprint({"genome": "a" * 64, "num_beams": "2"})
SUMMARY = RunSummary("out.gff3", FINGERPRINT, journal="j", results={}, version="m@1")
PIECES = {"chr1": PieceSummary(5, 3, 1), "chr2": PieceSummary(2, 2, 1)}
DAMAGED = ["", "\0" * 9, "[]", "{}", '{"format": 3, "x": 2}', '{"format": 3', "[" * 100_000]


def test_a_summary_is_read_back(tmp_path):
    path = tmp_path / "out.ckpt.json"
    advanced = SUMMARY.advanced(PIECES)
    advanced.write(path)
    assert read_run_summary(path) == advanced
    assert (advanced.completed, advanced.rejected) == (5, 2)


def test_a_piece_state_is_read_back(tmp_path):
    path = tmp_path / "chr1.json"
    state = PieceState("chr1", FINGERPRINT, "demo", "0.1.0", 9)
    state.write(path)
    assert read_piece_state(path) == state


def test_no_file_is_no_state(tmp_path):
    assert read_run_summary(tmp_path / "absent.json") is None
    assert read_piece_state(tmp_path / "absent.json") is None


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_no_state_and_is_noted(tmp_path, caplog, text):
    path = tmp_path / "chr1.json"
    path.write_text(text)
    assert read_run_summary(path) is None
    assert read_piece_state(path) is None
    assert caplog.messages == [f"{path} is damaged; it is written again"] * 2


def test_a_flipped_bit_anywhere_is_damage_or_another_version(tmp_path):
    path, state = tmp_path / "chr1.json", PieceState("chr1", FINGERPRINT, "demo", "0.1.0", 16)
    state.write(path)
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        try:
            read = read_piece_state(path)
            assert read is None or read == state  # white space means nothing
        except UsageError as error:
            assert "another version" in str(error)


def test_a_file_of_an_older_version_is_refused(tmp_path):
    path = tmp_path / "chr1.json"
    path.write_text('{"format": 2, "fingerprint": {}}')
    with pytest.raises(UsageError, match="another version of this program"):
        read_run_summary(path)


def test_the_state_of_another_piece_is_refused(tmp_path):
    PieceState("chr1", FINGERPRINT, "demo", "0.1.0", 9).write(tmp_path / "chr2.json")
    with pytest.raises(UsageError, match=r"chr2\.json is the state of chr1"):
        read_piece_state(tmp_path / "chr2.json")


def test_differences_are_named_with_both_values():
    other = RunFingerprint({"genome": "b" * 64, "num_beams": "2", "seed": "1"})
    assert FINGERPRINT.describe_diff(other) == [
        "genome was aaaaaaaaaaaa…, is bbbbbbbbbbbb…",
        "seed was not recorded, is 1",
    ]
    assert FINGERPRINT.describe_diff(FINGERPRINT) == []
