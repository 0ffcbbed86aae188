"""Grammar-constrained decoding: all that it finishes is a gene, and no gene is forbidden."""

import math
import random
from itertools import zip_longest

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


OF_WHOLE_TRANSCRIPTS = {"misplaced_utr", "no_codon"}
"""Faults of sentences that parse: the grammar does not promise that they do not happen."""


def faults(ids, window_length):
    """What the grammar forbids in a finished sentence."""
    found = all_faults(ids, window_length)
    return [fault for fault in found if fault[0] not in OF_WHOLE_TRANSCRIPTS]


def all_faults(ids, window_length):
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
def test_every_finished_sentence_of_a_random_model_parses(window_length, num_beams, do_sample):
    sentences = [
        ids
        for seed in range(5)
        for ids in finished(seed, window_length, num_beams, do_sample=do_sample)
    ]
    assert len(sentences) > 3
    assert [fault for ids in sentences for fault in faults(ids, window_length)] == []


def test_without_the_grammar_no_sentence_of_a_random_model_parses():
    sentences = finished(1, 6144, 2, do_sample=False, constrained=False)
    assert all(faults(ids, 6144) for ids in sentences)


WINDOW = 60
NAMES = (
    *("CDS1", "CDS2", "CDS3", "CDS150"),
    *("five_prime_UTR1", "five_prime_UTR50", "three_prime_UTR2"),
)


def near_gene(rng):
    """Text that keeps most rules and breaks some now and then."""

    def seldom(one_in):
        return rng.randrange(one_in) == 0

    features, position = [], 0
    others = rng.sample(NAMES[1:], rng.randint(0, 4))
    for chosen in rng.sample(["CDS1", *others], len(others) + 1):
        start = rng.randint(0, WINDOW) if seldom(12) else position + rng.randint(0, 4)
        end = start + rng.randint(1, 9) if rng.randrange(12) else rng.randint(0, WINDOW + 2)
        position = end
        name = rng.choice(NAMES) if seldom(12) else chosen
        usual = "ABC" if name.startswith("CDS") else "."
        phase = rng.choice("ABC." if seldom(20) else usual)
        strand = "-" if seldom(5) else "+"
        zeros = "0" * rng.choice([1, 15, 16, 17]) if seldom(8) else ""
        zeros_of_end = "0" * rng.choice([1, 16, 17]) if seldom(15) else ""
        features.append((name, f"{zeros}{start}|{name}|{zeros_of_end}{end}|{strand}|{phase}"))
    defined = [name for name, _ in features]
    transcripts = []
    for _ in range(rng.randint(1, 3)):
        chosen = rng.sample(defined, rng.randint(1, min(3, len(defined))))
        transcripts.append([rng.choice(NAMES), *chosen] if seldom(8) else chosen)
    return ";".join(text for _, text in features) + ">" + ";".join(map("|".join, transcripts))


def accepted(sentences, window_length):
    """Whether the constraint allows every token of a sentence, for each of them."""
    constraint = GrammarConstraint(window_length, 1, "cpu")
    constraint.admit(len(sentences))
    allowed = constraint.step(torch.full((len(sentences),), DECODER_START_ID))
    well = torch.ones(len(sentences), dtype=torch.bool)
    for tokens in zip_longest(*sentences):
        going_on = torch.tensor([token is not None for token in tokens])
        token_ids = torch.tensor([token or 0 for token in tokens])
        well &= allowed.gather(1, token_ids[:, None])[:, 0] | ~going_on
        allowed = constraint.step(token_ids)
    return well.tolist()


def in_window(text):
    """Whether the features, named by a transcript or not, have possible coordinates."""
    columns = [feature.split("|") for feature in text.split(">")[0].split(";")]
    return all(int(start) < int(end) <= WINDOW for start, _, end, *_ in columns)


def test_exactly_what_parses_is_allowed():
    rng = random.Random(1)
    texts = [near_gene(rng) for _ in range(1600)]
    encoded = [encode_gsf(text) for text in texts]
    assert all(ids[0] == BOS_ID and ids[-1] == EOS_ID for ids in encoded)
    encoded = [ids[1:] if rng.random() < 0.3 else ids for ids in encoded]  # without <s>
    wrong = [all_faults(ids, WINDOW) for ids in encoded]
    assert {reason for found in wrong for reason, _ in found} >= {
        "unparsable",
        "unknown_feature",
        "duplicate_feature",
        "no_cds",
        "bad_interval",
        "out_of_window",
        "mixed_strand",
        "overlapping_features",
    }
    genes = [not found and in_window(text) for found, text in zip(wrong, texts, strict=True)]
    assert 300 < sum(genes) < 1300
    allowed = accepted(encoded, WINDOW)
    assert [
        (text, found)
        for text, found, gene, may in zip(texts, wrong, genes, allowed, strict=True)
        if gene != may and OF_WHOLE_TRANSCRIPTS.isdisjoint(reason for reason, _ in found)
    ] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0|five_prime_UTR1|5|+|.;10|CDS1|20|-|A>five_prime_UTR1;CDS1", "no_cds"),
        ("0|CDS1|20|+|A;30|five_prime_UTR1|40|+|.>CDS1|five_prime_UTR1", "misplaced_utr"),
        ("0|CDS1|2|+|A>CDS1", "no_codon"),
    ],
)
def test_a_sentence_that_parses_need_not_be_a_gene(text, reason):
    ids = encode_gsf(text)
    assert [found for found, _ in all_faults(ids, WINDOW)][:1] == [reason]
    assert accepted([ids], WINDOW) == [reason in OF_WHOLE_TRANSCRIPTS]


@given(st.integers(1, 49_152), st.data())
@settings(max_examples=100, deadline=None)
def test_coordinates_reach_all_of_a_window(window_length, data):
    start = data.draw(st.integers(0, window_length - 1))
    end = data.draw(st.integers(start + 1, window_length))

    def allows(text):
        return accepted([encode_gsf(text)], window_length)[0]

    assert allows(f"{start}|CDS1|{end}|+|A>CDS1")
    assert not allows(f"{start}|CDS1|{window_length + 1}|+|A>CDS1")
    assert not allows(f"{end}|CDS1|{start}|+|A>CDS1")


def allowed_after(text, unread=0):
    """Tokens that may follow all but the last ``unread`` tokens of a text, for 6,144 nt."""
    constraint = GrammarConstraint(6144, 1, "cpu")
    constraint.admit(1)
    for token in [DECODER_START_ID, *encode_gsf(text)[: -1 - unread]]:
        allowed = constraint.step(torch.tensor([token]))
    return {TOKENS[token] for token in allowed[0].nonzero().flatten().tolist()}


def test_a_transcript_that_can_no_longer_get_a_cds_is_not_begun():
    features = "100|CDS1|200|+|A;150|CDS2|250|+|A;300|CDS3|400|-|A"
    utrs = "0|five_prime_UTR1|100|+|.;120|five_prime_UTR2|260|+|.;400|three_prime_UTR1|500|-|."
    assert allowed_after(f"{features};{utrs}>five_prime_UTR1") == {"CDS1", "CDS2"}
    assert allowed_after(f"{features};{utrs}>CDS2") == {"five_prime_UTR1", ";", "</s>"}
    assert allowed_after(f"{features};{utrs}>CDS3;three_prime_UTR1") == {"CDS3"}
    other_strand = "100|CDS1|200|+|A;300|three_prime_UTR1|400|-|.;0|five_prime_UTR1|150|+|."
    assert allowed_after(f"{other_strand}>CDS1;CDS1") == {";", "</s>"}
    assert allowed_after(f"{other_strand}>CDS1", unread=1) == {"CDS1"}


def test_when_all_names_are_used_the_transcripts_follow():
    features = ";".join(
        f"{i}|{name}|{i + 1}|+|{'A' if name.startswith('CDS') else '.'}"
        for i, name in enumerate(TOKENS[22:])
    )
    assert allowed_after(f"{features}>CDS1", unread=2) == {">"}
    assert allowed_after(f"{features}>CDS1") > {"CDS2", ";", "</s>"}


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
