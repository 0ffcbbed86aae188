"""Grammar-constrained decoding: all that it finishes is a gene, and no gene is forbidden."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import golden
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.gsf.vocabulary import (
    BOS_ID,
    DECODER_START_ID,
    EOS_ID,
    TOKEN_IDS,
    TOKENS,
    clean_sentence,
    decode_ids,
    encode_gsf,
)
from transgenic_dagster.inference.beam_search import DecodingOptions, search
from transgenic_dagster.inference.grammar import GrammarConstraint
from transgenic_dagster.model import Decoding, TransgenicForConditionalGeneration, encode_dna
from transgenic_dagster.regions.region import Region

FAVOURITES = [TOKEN_IDS[token] for token in ("</s>", ">", "+", "CDS1", "CDS2", "five_prime_UTR1")]


class RandomModel:
    """Logits that know nothing of what is written, a little fond of ending sentences."""

    def __init__(self, seed, num_beams, spread):
        self.generator = torch.Generator().manual_seed(seed)
        self.num_beams = num_beams
        self.spread = spread
        self.fond = self.noise(len(TOKENS))
        self.fond[FAVOURITES] += 3 * spread
        self.rows = 0

    def noise(self, *shape):
        return self.spread * torch.randn(*shape, generator=self.generator)

    def admit(self, regions):
        self.rows += regions * self.num_beams

    def step(self, token_ids):
        assert len(token_ids) == self.rows
        return self.fond + self.noise(self.rows, len(TOKENS))

    def reorder(self, parents):
        assert len(parents) == self.rows

    def release(self, slot):
        self.rows -= self.num_beams


def faults(ids, window_length):
    """What is wrong with a finished sentence."""
    raw = decode_ids(ids)
    sentence = PredictedSentence(0, raw, clean_sentence(raw), -1.0, 0.5, finished=True)
    region = Region(0, "g", "Chr1", 0, 1, "+", 0, window_length)
    gene, rejects = gene_from_sentence(sentence, region, "A" * window_length)
    assert (gene is None) <= bool(rejects)
    return [(reject.reason, sentence.clean) for reject in rejects]


def finished(seed, window_length, num_beams, *, do_sample, constrained=True):
    options = DecodingOptions(
        num_beams=num_beams, max_length=100, do_sample=do_sample, seed=seed, grammar=constrained
    )
    constraint = GrammarConstraint(window_length, num_beams, "cpu") if constrained else None
    model = RandomModel(seed, num_beams, spread=(0.7, 2.0, 5.0)[seed % 3])
    found = search(model, list("abcde"), options, batch_size=3, constraint=constraint)
    return [h.token_ids for several in found for h in several if h.finished]


@pytest.mark.parametrize("do_sample", [False, True])
@pytest.mark.parametrize("num_beams", [1, 2, 4, 7])
@pytest.mark.parametrize("window_length", [1, 2, 10, 101, 6144, 49_152])
def test_every_finished_sentence_of_a_random_model_is_a_gene(window_length, num_beams, do_sample):
    sentences = [
        ids
        for seed in range(5)
        for ids in finished(seed, window_length, num_beams, do_sample=do_sample)
    ]
    assert len(sentences) > 3
    assert [fault for ids in sentences for fault in faults(ids, window_length)] == []


def test_without_the_grammar_a_random_model_writes_no_gene():
    sentences = finished(1, 6144, 2, do_sample=False, constrained=False)
    assert all(faults(ids, 6144) for ids in sentences)


coordinates = st.integers(0, 30)
names = st.sampled_from(
    ["CDS1", "CDS2", "CDS3", "CDS150", "five_prime_UTR1", "five_prime_UTR50", "three_prime_UTR2"]
)
phases = st.sampled_from(["A", "B", "C", "."])


@st.composite
def sentences(draw):
    """Text that is mostly near a gene: most rules are kept, each is sometimes broken."""
    features = []
    position = 0
    for name in draw(st.lists(names, min_size=1, max_size=5, unique=draw(st.integers(0, 9)) > 0)):
        start = position + draw(st.integers(0, 4)) if draw(st.integers(0, 5)) else draw(coordinates)
        end = start + draw(st.integers(0 if draw(st.integers(0, 9)) == 0 else 1, 9))
        position = end
        strand = "+" if draw(st.integers(0, 7)) else "-"
        phase = "A" if name.startswith("CDS") else "."
        if not draw(st.integers(0, 19)):
            phase = draw(phases)
        zeros = "0" * draw(st.sampled_from([0, 0, 0, 1, 16, 17]))
        features.append((f"{zeros}{start}|{name}|{end}|{strand}|{phase}", name))
    defined = st.sampled_from([name for _, name in features])
    one = st.lists(defined if draw(st.integers(0, 9)) else names, min_size=1, max_size=4)
    transcripts = draw(st.lists(one, min_size=1, max_size=3))
    return ";".join(text for text, _ in features) + ">" + ";".join(map("|".join, transcripts))


def accepted(ids, window_length):
    """Whether the constraint allows every token of a sentence, the EOS included."""
    constraint = GrammarConstraint(window_length, 1, "cpu")
    constraint.admit(1)
    allowed = constraint.step(torch.tensor([DECODER_START_ID]))
    for token in ids:
        if not allowed[0, token]:
            return False
        allowed = constraint.step(torch.tensor([token]))
    return True


@given(sentences(), st.integers(1, 40), st.booleans())
@settings(max_examples=600, deadline=None)
def test_exactly_the_genes_are_allowed(text, window_length, with_start_mark):
    ids = encode_gsf(text)
    assert ids[0] == BOS_ID
    assert ids[-1] == EOS_ID
    ids = ids if with_start_mark else ids[1:]
    unnamed_are_well = all(
        int(start) < int(end) <= window_length
        for start, _, end, *_ in (f.split("|") for f in text.split(">")[0].split(";"))
    )
    is_gene = not faults(ids, window_length) and unnamed_are_well
    assert accepted(ids, window_length) == is_gene


@given(st.integers(1, 49_152), st.data())
@settings(max_examples=100, deadline=None)
def test_coordinates_reach_all_of_a_window(window_length, data):
    start = data.draw(st.integers(0, window_length - 1))
    end = data.draw(st.integers(start + 1, window_length))
    assert accepted(encode_gsf(f"{start}|CDS1|{end}|+|A>CDS1"), window_length)
    assert not accepted(encode_gsf(f"{start}|CDS1|{window_length + 1}|+|A>CDS1"), window_length)
    assert not accepted(encode_gsf(f"{end}|CDS1|{start}|+|A>CDS1"), window_length)


def test_when_all_names_are_used_the_transcripts_follow():
    names = TOKENS[22:]
    text = ";".join(
        f"{i}|{name}|{i + 1}|+|{'A' if name.startswith('CDS') else '.'}"
        for i, name in enumerate(names)
    )
    ids = encode_gsf(f"{text}>CDS1")
    constraint = GrammarConstraint(6144, 1, "cpu")
    constraint.admit(1)
    for token in [DECODER_START_ID, *ids[: ids.index(TOKEN_IDS[">"])]]:
        allowed = constraint.step(torch.tensor([token]))
    assert allowed[0].nonzero().flatten().tolist() == [TOKEN_IDS[">"]]


class WithLogits:
    """A model that wants one sentence, and gives something to any other token."""

    def __init__(self, ids, num_beams):
        self.ids = ids
        self.num_beams = num_beams
        self.rows = 0
        self.written = 0

    def admit(self, regions):
        self.rows += regions * self.num_beams

    def step(self, token_ids):
        logits = torch.linspace(0, 1, len(TOKENS)).repeat(self.rows, 1)
        if self.written < len(self.ids):
            logits[:, self.ids[self.written]] = 12.0
        self.written += 1
        return logits

    def reorder(self, parents):
        pass

    def release(self, slot):
        self.rows -= self.num_beams


def both_ways(make_model, num_beams, window_length, max_length=200):
    options = DecodingOptions(num_beams=num_beams, max_length=max_length)
    [free] = search(make_model(), ["r"], options)
    constraint = GrammarConstraint(window_length, num_beams, "cpu")
    [held] = search(make_model(), ["r"], options, constraint=constraint)
    return free[0], held[0]


def test_a_valid_sentence_keeps_its_tokens_score_and_confidence():
    ids = encode_gsf("10|CDS1|200|+|A;300|CDS2|400|+|B>CDS1|CDS2;CDS1")
    free, held = both_ways(lambda: WithLogits(ids, 1), 1, 6144)
    assert free.token_ids == (DECODER_START_ID, *ids)
    assert held == free


def test_an_invalid_sentence_is_bent_into_a_gene():
    ids = encode_gsf("10|CDS1|5|+|A;9000|CDS1|9100|-|.>CDS7")
    free, held = both_ways(lambda: WithLogits(ids, 2), 2, 6144)
    assert free.token_ids == (DECODER_START_ID, *ids)
    assert faults(free.token_ids, 6144)
    if held.finished:
        assert not faults(held.token_ids, 6144)
    assert held.score < free.score


@pytest.mark.parametrize("num_beams", [1, 2])
def test_a_random_network_is_held_too_in_any_batch(num_beams):
    model = TransgenicForConditionalGeneration.from_pretrained(golden.TINY_CHECKPOINT)
    names = ["a6144", "b6144", "c6144"]
    ids = torch.stack([encode_dna(golden.tiny_windows()[name]["sequence"]) for name in names])
    options = DecodingOptions(num_beams=num_beams, max_length=golden.MAX_LENGTH)
    found = []
    for batch_size in (1, 3):
        with torch.inference_mode():
            decoding = Decoding(model, ids, num_beams, batch_size)
            constraint = GrammarConstraint(6144, num_beams, "cpu")
            found.append(
                search(decoding, names, options, batch_size=batch_size, constraint=constraint)
            )
    assert [h[0].token_ids for h in found[0]] == [h[0].token_ids for h in found[1]]
    for hypotheses in found[0]:
        for hypothesis in hypotheses:
            assert math.isfinite(hypothesis.score)
            if hypothesis.finished:
                assert not faults(hypothesis.token_ids, 6144)
