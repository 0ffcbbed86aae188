import pytest

from transgenic_dagster.errors import UsageError
from transgenic_dagster.run.state import RunState, read_run_state

STATE = RunState(fingerprint={"genome": "a" * 64, "num_beams": "2"}, journal="j", memory_budget=9)


def test_a_state_is_read_back(tmp_path):
    path = tmp_path / "out.ckpt.json"
    advanced = STATE.advanced(5, 2)
    advanced.write(path)
    assert read_run_state(path) == advanced
    assert (advanced.completed, advanced.rejected) == (5, 2)


def test_no_file_is_no_state(tmp_path):
    assert read_run_state(tmp_path / "absent.json") is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 99}', '{"format": 1, "x": 2}'])
def test_another_file_is_not_taken_for_a_state(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is not the state of a run"):
        read_run_state(path)


def test_differences_are_named_with_both_values():
    other = {"genome": "b" * 64, "num_beams": "2", "seed": "1"}
    assert STATE.differences(other) == [
        "genome was aaaaaaaaaaaa…, is bbbbbbbbbbbb…",
        "seed was not recorded, is 1",
    ]
    assert STATE.differences(STATE.fingerprint) == []
