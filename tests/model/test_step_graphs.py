"""Steps as they are captured on a GPU, replayed here by running them again."""

import pytest
import torch

from tests import golden
from transgenic_dagster.inference.beam_search import DecodingOptions, search
from transgenic_dagster.model import (
    Decoding,
    TransgenicForConditionalGeneration,
    encode_dna,
    step_graphs,
)

NAMES = ("a6144", "b6144", "c6144")


@pytest.fixture(scope="module")
def model():
    return TransgenicForConditionalGeneration.from_pretrained(golden.TINY_CHECKPOINT)


@pytest.fixture
def captured(monkeypatch):
    """Captures are counted by their rows; a replay runs the step again, in place."""
    rows = []

    def capture(function):
        result = function()
        rows.append(len(result))
        return result, lambda: result.copy_(function())

    monkeypatch.setattr("transgenic_dagster.model.decoding.can_capture", lambda device: True)
    monkeypatch.setattr(step_graphs, "capture", capture)
    return rows


def sentences(model, names, batch_size, beams=2, prompts=()):
    windows = [golden.tiny_windows()[name]["sequence"] for name in names]
    ids = torch.stack([encode_dna(window) for window in windows])
    options = DecodingOptions(max_length=golden.MAX_LENGTH, num_beams=beams)
    with torch.inference_mode():
        decoding = Decoding(model, ids, beams, batch_size, prompts)
        found = search(decoding, names, options, batch_size=batch_size, prompts=prompts)
        return [h[0].token_ids for h in found]


def recorded(names):
    return [tuple(golden.tiny_windows()[name]["beam2"]["ids"]) for name in names]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5])
def test_captured_steps_write_the_recorded_sentences(model, captured, batch_size):
    names = NAMES * 3
    assert sentences(model, names, batch_size) == recorded(names)
    assert max(captured) == 2 * batch_size


@pytest.mark.parametrize("beams", [1, 3, 7])
def test_captured_steps_write_the_same_with_any_number_of_beams(model, monkeypatch, beams):
    names = NAMES[::-1] * 2
    alike = sentences(model, names, 2, beams)
    monkeypatch.setattr("transgenic_dagster.model.decoding.can_capture", lambda device: True)
    monkeypatch.setattr(
        step_graphs, "capture", lambda run: (out := run(), lambda: out.copy_(run()))
    )
    assert sentences(model, names, 2, beams) == alike


def test_captured_steps_follow_prompts(model, monkeypatch):
    prompts = [(2, 5, 22, 6, 7), (2,), (2, 9, 9, 22)]
    alike = sentences(model, NAMES, 2, prompts=prompts)
    monkeypatch.setattr("transgenic_dagster.model.decoding.can_capture", lambda device: True)
    monkeypatch.setattr(
        step_graphs, "capture", lambda run: (out := run(), lambda: out.copy_(run()))
    )
    assert sentences(model, NAMES, 2, prompts=prompts) == alike


def test_a_handful_of_captures_serves_a_unit(model, captured):
    sentences(model, NAMES * 2, batch_size=4)
    # Four, two and one regions; anew where the cache has grown from 64 to 128 columns.
    assert set(captured) <= {8, 4, 2}
    assert len(captured) <= 2 * 3


def test_rows_that_are_not_there_change_nothing(model, captured):
    assert sentences(model, NAMES, batch_size=3) == recorded(NAMES)
    assert captured[0] == 6  # never more rows than there is room for
    captured.clear()
    assert sentences(model, (*NAMES, *NAMES[:2]), batch_size=8) == recorded((*NAMES, *NAMES[:2]))
    assert captured[0] == 10


def test_where_capturing_fails_steps_go_on_without_graphs(model, captured, monkeypatch, caplog):
    def refuse(function):
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(step_graphs, "capture", refuse)
    assert sentences(model, NAMES, batch_size=3) == recorded(NAMES)
    assert caplog.text.count("CUDA graphs cannot be used") == 1


def test_a_full_memory_is_not_taken_for_a_lack_of_graphs(model, captured, monkeypatch):
    def refuse(function):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(step_graphs, "capture", refuse)
    with pytest.raises(torch.OutOfMemoryError):
        sentences(model, NAMES, batch_size=3)
