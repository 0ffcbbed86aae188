import math

import pytest
import torch

from tests import golden
from transgenic_dagster.demo.untrained_model import untrained_model
from transgenic_dagster.gsf.parser import parse_sentence
from transgenic_dagster.gsf.token_spans import token_spans
from transgenic_dagster.gsf.vocabulary import DECODER_START_ID, DIGIT_IDS, TOKEN_IDS, encode_gsf
from transgenic_dagster.inference.beam_search import DecodingOptions, search
from transgenic_dagster.inference.beams import NotFiniteError
from transgenic_dagster.inference.teacher_forcing import MAX_DIGITS, read_sentences
from transgenic_dagster.model import Decoding, TransgenicForConditionalGeneration, encode_dna

NAMES = ("a6144", "b6144", "c6144")
SENTENCES = [
    "12|CDS1|3057|+|A>CDS1",
    "401|CDS1|460|-|A;700|CDS2|811|-|C;300|five_prime_UTR1|401|-|.>CDS1|CDS2|five_prime_UTR1",
]


@pytest.fixture(scope="module")
def model():
    return TransgenicForConditionalGeneration.from_pretrained(golden.TINY_CHECKPOINT).eval()


def windows(names=NAMES):
    return torch.stack([encode_dna(golden.tiny_windows()[name]["sequence"]) for name in names])


def numbers_of(text):
    spans = token_spans(parse_sentence(text)).features.values()
    return [digits for one in spans for digits in (one.start, one.end)]


@pytest.mark.parametrize("names", [NAMES, *([name] for name in golden.tiny_windows())])
def test_probabilities_are_those_of_the_recorded_logits(model, names):
    arrays = golden.tiny_arrays()
    labels = arrays["labels"][0].tolist()
    read = read_sentences(model, windows(names), [labels] * len(names), [[]] * len(names))
    for name, sentence in zip(names, read, strict=True):
        logits = torch.from_numpy(arrays[f"{name}.logits"][0])
        wanted = logits.log_softmax(-1).gather(1, torch.tensor(labels)[:, None])[:, 0]
        assert (torch.tensor(sentence.log_probabilities) - wanted).abs().max() < 1e-4


@pytest.mark.parametrize("num_beams", [1, 2])
def test_the_probability_of_a_predicted_sentence_is_that_of_the_search(model, num_beams):
    options = DecodingOptions(num_beams=num_beams, max_length=golden.MAX_LENGTH)
    decoding = Decoding(model, windows(), num_beams, 3)
    with torch.inference_mode():
        winners = [found[0] for found in search(decoding, NAMES, options)]
    read = read_sentences(model, windows(), [w.token_ids[1:] for w in winners], [[]] * 3)
    for winner, sentence in zip(winners, read, strict=True):
        # The search sums up in fp32, as the published one does: seven digits.
        total = sum(sentence.log_probabilities)
        assert math.isclose(total, winner.log_probability, abs_tol=1e-4, rel_tol=1e-6)
        mean = sum(map(math.exp, sentence.log_probabilities)) / len(winner.token_ids[1:])
        assert math.isclose(mean, winner.confidence, abs_tol=1e-4)


def test_sentences_of_different_length_do_not_disturb_each_other(model):
    ids = [encode_gsf(text) for text in SENTENCES]
    numbers = [numbers_of(text) for text in SENTENCES]
    together = read_sentences(model, windows(NAMES[:2]), ids, numbers)
    for row, one in enumerate(together):
        (alone,) = read_sentences(model, windows(NAMES[row : row + 1]), [ids[row]], [numbers[row]])
        assert torch.allclose(
            torch.tensor(alone.log_probabilities), torch.tensor(one.log_probabilities), atol=1e-5
        )
        assert [p and p.number for p in alone.preferred] == [p and p.number for p in one.preferred]


@torch.inference_mode()
def written_greedily(model, window, ids):
    """Continue a sentence with the likeliest tokens, one whole pass for each."""
    states = model.encode(window[None])
    ids = [DECODER_START_ID, *ids]
    total = 0.0
    text = ""
    while len(text) < MAX_DIGITS:
        given = model.logits(torch.tensor([ids]), states)[0, -1].log_softmax(-1)
        token = int(given.argmax())
        if token not in DIGIT_IDS:
            break
        text += str(token - DIGIT_IDS.start)
        total += float(given[token])
        ids.append(token)
    return int(text or -1), total


def likes_digits(seed):
    """A model that would rather write digits than most else, so that its numbers have some."""
    model = untrained_model(seed).eval()
    with torch.no_grad():
        model.final_logits_bias[0, DIGIT_IDS.start : DIGIT_IDS.stop] += 4
        model.final_logits_bias[0, TOKEN_IDS["+"]] += 3
    return model


@pytest.mark.parametrize("seed", range(4))
def test_the_preferred_number_is_what_the_model_writes_when_it_is_let(seed):
    model = likes_digits(seed)
    text = SENTENCES[1]
    ids, numbers = encode_gsf(text), numbers_of(text)
    window = windows(NAMES[:1])
    (read,) = read_sentences(model, window, [ids], [numbers])
    for digits, preferred in zip(numbers, read.preferred, strict=True):
        number, log_probability = written_greedily(model, window[0], ids[: digits.start])
        if preferred is None:
            assert number == int("".join(str(ids[i] - DIGIT_IDS.start) for i in digits))
        else:
            assert preferred.number == number
            assert math.isclose(preferred.log_probability, log_probability, abs_tol=1e-4)


def test_a_broken_weight_is_noticed(model):
    broken = untrained_model(0).eval()
    with torch.no_grad():
        broken.lm_head.weight[5, 0] = float("nan")
    with pytest.raises(NotFiniteError):
        read_sentences(broken, windows(NAMES[:1]), [encode_gsf(SENTENCES[0])], [[]])
