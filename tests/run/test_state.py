import pytest

from transgenic_dagster.errors import RunError, UsageError
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.run.state import (
    PieceState,
    PieceSummary,
    RunSummary,
    read_piece_state,
    read_run_summary,
)

FINGERPRINT = RunFingerprint({"genome": "a" * 64, "num_beams": "2"})
SUMMARY = RunSummary(FINGERPRINT, journal="j", results={}, version="m@1")
PIECES = {"chr1": PieceSummary(5, 3, 1), "chr2": PieceSummary(2, 2, 1)}
OTHER_FILES = ["", "{}", "[]", '{"format": 99}', '{"format": 2, "x": 2}']


def test_a_summary_is_read_back(tmp_path):
    path = tmp_path / "out.ckpt.json"
    advanced = SUMMARY.advanced(PIECES)
    advanced.write(path)
    assert read_run_summary(path) == advanced
    assert (advanced.completed, advanced.rejected) == (5, 2)


def test_a_piece_state_is_read_back(tmp_path):
    path = tmp_path / "chr1.json"
    state = PieceState(FINGERPRINT, "demo", "0.1.0", 9)
    state.write(path)
    assert read_piece_state(path) == state


def test_no_file_is_no_state(tmp_path):
    assert read_run_summary(tmp_path / "absent.json") is None
    assert read_piece_state(tmp_path / "absent.json") is None


@pytest.mark.parametrize("text", OTHER_FILES)
def test_another_file_is_not_taken_for_a_state(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is not the state of a run"):
        read_run_summary(path)
    with pytest.raises(RunError, match="is not the state of a piece"):
        read_piece_state(path)


def test_differences_are_named_with_both_values():
    other = RunFingerprint({"genome": "b" * 64, "num_beams": "2", "seed": "1"})
    assert FINGERPRINT.describe_diff(other) == [
        "genome was aaaaaaaaaaaa…, is bbbbbbbbbbbb…",
        "seed was not recorded, is 1",
    ]
    assert FINGERPRINT.describe_diff(FINGERPRINT) == []
