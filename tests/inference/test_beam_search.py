import math
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import golden
from tests.inference.reference_search import reference_search
from transgenic_dagster.inference.beam_search import DecodingOptions, search
from transgenic_dagster.inference.beams import NotFiniteError
from transgenic_dagster.inference.sampling import random_stream
from transgenic_dagster.model import (
    Decoding,
    TransgenicForConditionalGeneration,
    encode_dna,
    step_graphs,
)


@pytest.fixture(scope="module")
def model():
    return TransgenicForConditionalGeneration.from_pretrained(golden.TINY_CHECKPOINT)


def hypotheses(model, names, batch_size=None, **options):
    windows = [golden.tiny_windows()[name]["sequence"] for name in names]
    ids = torch.stack([encode_dna(window) for window in windows])
    with torch.inference_mode():
        chosen = DecodingOptions(max_length=golden.MAX_LENGTH, **options)
        decoding = Decoding(model, ids, chosen.num_beams, batch_size or len(names))
        return search(decoding, names, chosen, batch_size=batch_size)


def sentences(model, names, batch_size=None, **options):
    return [found[0] for found in hypotheses(model, names, batch_size, **options)]


@pytest.mark.parametrize("name", golden.WINDOWS)
@pytest.mark.parametrize(("beams", "recorded"), [(1, "greedy"), (2, "beam2")])
def test_sentences_are_those_of_the_published_model(model, name, beams, recorded):
    [hypothesis] = sentences(model, [name], num_beams=beams)
    expected = golden.tiny_windows()[name][recorded]
    assert list(hypothesis.token_ids) == expected["ids"]
    if "sequences_score" in expected:
        assert hypothesis.score == pytest.approx(expected["sequences_score"], abs=1e-5)
    assert hypothesis.finished == (expected["ids"][-1] == 2)
    assert 0 < hypothesis.confidence < 1


@pytest.mark.parametrize(
    "options", [{"num_beams": 1}, {"num_beams": 3}, {"num_beams": 2, "do_sample": True}]
)
@pytest.mark.parametrize("name", ["a6144", "e5000"])
def test_digit_costs_are_those_of_reading_the_sentence(model, name, options):
    [found] = hypotheses(model, [name], **options)
    window = encode_dna(golden.tiny_windows()[name]["sequence"])[None]
    assert len(found) == options["num_beams"]
    for hypothesis in found:
        ids = torch.tensor([hypothesis.token_ids])
        with torch.inference_mode():
            read = model(window, ids[:, :-1]).logits[0].log_softmax(dim=-1)
        written = ids[0, 1:]
        is_digit = (written >= 4) & (written < 14)
        assert is_digit.any()
        costs = np.frombuffer(hypothesis.digit_costs, np.uint8).reshape(-1, 10) / 10
        np.testing.assert_allclose(costs, -read[is_digit, 4:14], atol=0.06)
        total = read.gather(1, written[:, None]).sum()
        assert hypothesis.log_probability == pytest.approx(float(total), abs=1e-3)
        assert hypothesis.score == pytest.approx(float(total) / len(written), abs=1e-4)


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_all_closed_hypotheses_are_the_same_in_any_batch(model, batch_size):
    names = ["a6144", "b6144", "c6144"] * 3
    found = hypotheses(model, names, batch_size, num_beams=3)
    alone = {name: hypotheses(model, [name], num_beams=3)[0] for name in names[:3]}
    for name, several in zip(names, found, strict=True):
        assert [h.token_ids for h in several] == [h.token_ids for h in alone[name]]
        assert len({h.token_ids for h in several}) == 3
        assert [h.score for h in several] == sorted((h.score for h in several), reverse=True)
        for one, other in zip(several, alone[name], strict=True):
            assert one.log_probability == pytest.approx(other.log_probability, abs=1e-3)
            recorded = [np.frombuffer(h.digit_costs, np.uint8).astype(int) for h in (one, other)]
            np.testing.assert_allclose(*recorded, atol=1)  # rounding may fall either way


@pytest.mark.parametrize("batch_size", [1, 2, 3])
@pytest.mark.parametrize("beams", [1, 2, 3])
def test_a_sentence_does_not_depend_on_the_batch(model, beams, batch_size):
    names = ["a6144", "b6144", "c6144"]
    together = sentences(model, names, batch_size=batch_size, num_beams=beams)
    alone = [sentences(model, [name], num_beams=beams)[0] for name in names]
    assert [h.token_ids for h in together] == [h.token_ids for h in alone]


def test_sampling_depends_on_seed_and_region_alone(model):
    names = ["a6144", "b6144", "c6144"]
    together = sentences(model, names, do_sample=True, seed=5)
    again = sentences(model, names[1:], do_sample=True, seed=5)
    other_seed = sentences(model, names, do_sample=True, seed=6)
    assert [h.token_ids for h in together[1:]] == [h.token_ids for h in again]
    assert [h.token_ids for h in together] != [h.token_ids for h in other_seed]
    assert [h.token_ids for h in together] != [h.token_ids for h in sentences(model, names)]


class Script:
    """A model that says what a table of next-token probabilities says."""

    def __init__(self, table, vocabulary, num_beams):
        self.table = table
        self.vocabulary = vocabulary
        self.num_beams = num_beams
        self.histories = []
        self.most_at_once = 0

    def admit(self, regions):
        self.histories += [()] * (regions * self.num_beams)
        self.most_at_once = max(self.most_at_once, len(self.histories) // self.num_beams)

    def step(self, token_ids):
        tokens = token_ids.tolist()
        self.histories = [(*h, t) for h, t in zip(self.histories, tokens, strict=True)]
        rows = torch.full((len(tokens), self.vocabulary), 1e-12)
        for row, history in zip(rows, self.histories, strict=True):
            for token, probability in self.table.get(history, {2: 1.0}).items():
                row[token] = probability
        return rows.log()

    def reorder(self, parents):
        self.histories = [self.histories[i] for i in parents]

    def release(self, slot):
        rows = slice(slot * self.num_beams, (slot + 1) * self.num_beams)
        self.histories[rows] = self.histories[-self.num_beams :]
        del self.histories[-self.num_beams :]


def run_script(table, **options):
    chosen = DecodingOptions(**options)
    [[winner, *_]] = search(Script(table, 20, chosen.num_beams), ["r"], chosen)
    return winner


def test_a_second_beam_finds_what_greedy_misses():
    table = {
        (2,): {4: 0.6, 5: 0.4},
        (2, 4): {6: 0.55, 7: 0.45},
        (2, 5): {6: 1.0},
        (2, 5, 6): {2: 1.0},
        (2, 4, 6): {2: 1.0},
    }
    assert run_script(table, num_beams=1).token_ids == (2, 4, 6, 2)
    winner = run_script(table, num_beams=2)
    assert winner.token_ids == (2, 5, 6, 2)
    assert winner.score == pytest.approx(math.log(0.4) / 3, abs=1e-5)
    assert winner.confidence == pytest.approx((0.4 + 1 + 1) / 3, abs=1e-5)


def test_an_end_at_a_low_rank_is_ignored():
    table = {(2,): {4: 0.5, 5: 0.3, 2: 0.2}, (2, 4): {6: 1.0}, (2, 4, 6): {6: 1.0}}
    assert run_script(table, num_beams=1, max_length=4).token_ids == (2, 4, 6, 6)


def test_a_sentence_cut_off_by_the_maximum_length_is_unfinished():
    table = {(2,): {4: 1.0}, (2, 4): {4: 1.0}, (2, 4, 4): {4: 1.0}}
    cut_off = run_script(table, num_beams=2, max_length=4)
    assert cut_off.token_ids == (2, 4, 4, 4)
    assert not cut_off.finished
    assert run_script({(2,): {4: 1.0}}, num_beams=2, max_length=4).finished


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("options", [{"num_beams": 2}, {"num_beams": 1, "do_sample": True}])
def test_logits_that_are_not_finite_end_the_search_in_the_first_step(value, options):
    class Broken(Script):
        steps = 0

        def step(self, token_ids):
            self.steps += 1
            logits = super().step(token_ids)
            logits[-1, 7] = value
            return logits

    chosen = DecodingOptions(**options)
    broken = Broken({}, 272, chosen.num_beams)
    with pytest.raises(NotFiniteError):
        search(broken, ["a", "b"], chosen)
    assert broken.steps == 1


class Whimsical:
    """A model whose logits depend on the region and all that is written, often the same ones."""

    def __init__(
        self, keys, prompts, num_beams, *, seed, vocabulary, spread, rounding, fond_of_end
    ):
        self.waiting = list(zip(keys, prompts, strict=True))
        self.num_beams = num_beams
        self.seed, self.vocabulary = seed, vocabulary
        self.spread, self.rounding, self.fond_of_end = spread, rounding, fond_of_end
        self.rows = []

    def logits_after(self, key, ids):
        number = zlib.crc32(repr((self.seed, key, tuple(ids))).encode())
        logits = torch.randn(self.vocabulary, generator=torch.Generator().manual_seed(number))
        logits *= self.spread
        logits[2] += self.fond_of_end
        return (logits / self.rounding).round() * self.rounding if self.rounding else logits

    def admit(self, regions):
        for key, prompt in self.waiting[:regions]:
            self.rows += [(key, *prompt[:-1])] * self.num_beams
        del self.waiting[:regions]

    def step(self, token_ids):
        self.rows = [
            (*row, token) for row, token in zip(self.rows, token_ids.tolist(), strict=True)
        ]
        return torch.stack([self.logits_after(key, ids) for key, *ids in self.rows])

    def reorder(self, parents):
        self.rows = [self.rows[parent] for parent in parents.tolist()]

    def release(self, slot):
        rows = slice(slot * self.num_beams, (slot + 1) * self.num_beams)
        self.rows[rows] = self.rows[-self.num_beams :]
        del self.rows[-self.num_beams :]


def like_the_reference(seed, num_beams, regions, batch_size, *, do_sample, prompted, **whims):
    options = DecodingOptions(num_beams=num_beams, max_length=14, do_sample=do_sample, seed=seed)
    keys = [f"region{i}" for i in range(regions)]
    prompts = [(2, *range(4, 4 + (i % 4 if prompted else 0))) for i in range(regions)]
    model = Whimsical(keys, prompts, num_beams, seed=seed, **whims)
    found = search(model, keys, options, batch_size=batch_size, prompts=prompts if prompted else ())
    for key, prompt, several in zip(keys, prompts, found, strict=True):
        stream = random_stream(seed, key) if do_sample else None
        expected = reference_search(
            lambda ids, key=key: model.logits_after(key, ids), prompt, options, stream
        )
        assert [(h.token_ids, h.log_probability, h.score) for h in several] == expected


searches = given(
    seed=st.integers(0, 10_000),
    num_beams=st.sampled_from([1, 2, 3, 8, 25]),
    regions=st.integers(1, 5),
    batch_size=st.sampled_from([1, 2, 3, None]),
    do_sample=st.booleans(),
    prompted=st.booleans(),
    vocabulary=st.sampled_from([60, 272]),
    spread=st.sampled_from([0.3, 1.0, 3.0, 9.0]),
    rounding=st.sampled_from([0, 0.5, 1.0]),
    fond_of_end=st.sampled_from([0, 2, 5]),
)


@searches
@settings(max_examples=40, deadline=None)
def test_the_search_follows_the_rules(**whims):
    like_the_reference(**whims)


@searches
@settings(max_examples=20, deadline=None)
def test_steps_as_a_gpu_takes_them_change_nothing(**whims):
    """Captured, for all slots alike, and with a look at what is done every few steps."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("beams", "beam_search"):
            patch.setattr(f"transgenic_dagster.inference.{module}.can_capture", lambda device: True)
        patch.setattr(step_graphs, "capture", lambda step: (step(), step))
        like_the_reference(**whims)
