import pytest
import torch

from tests import golden
from tests.inference.test_teacher_forcing import likes_digits, windows
from transgenic_dagster.gsf.digit_costs import DIGITS
from transgenic_dagster.gsf.vocabulary import DECODER_START_ID, DIGIT_IDS, encode_gsf
from transgenic_dagster.inference.beam_search import DecodingOptions, search
from transgenic_dagster.model import Decoding, TransgenicForConditionalGeneration

NAMES = ("a6144", "b6144", "c6144")
PROMPTS = [
    [DECODER_START_ID, *encode_gsf("12|CDS1|3057|+|A")[:-1]],
    [DECODER_START_ID],
    [DECODER_START_ID, *encode_gsf("401|CDS1|460|-|A;700|CDS2|811|-|C;1000|CDS3|1200|-|A")[:-1]],
]


@pytest.fixture(scope="module")
def model():
    return TransgenicForConditionalGeneration.from_pretrained(golden.TINY_CHECKPOINT).eval()


@torch.inference_mode()
def written(model, prompts, rows=range(3), num_beams=2, batch_size=3, **options):
    """Hypotheses of each window, with a prompt for each."""
    options = DecodingOptions(num_beams=num_beams, max_length=golden.MAX_LENGTH, **options)
    names = [NAMES[row] for row in rows]
    decoding = Decoding(model, windows(names), num_beams, batch_size, prompts)
    return search(decoding, names, options, batch_size=batch_size, prompts=prompts)


@torch.inference_mode()
def greedily(model, row, prompt, steps):
    """The likeliest tokens behind a prompt, one whole pass for each."""
    states = model.encode(windows(NAMES[row : row + 1]))
    ids = list(prompt)
    for _ in range(steps):
        ids.append(int(model.logits(torch.tensor([ids]), states)[0, -1].argmax()))
    return ids


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_sentences_go_on_from_their_prompts(model, batch_size):
    found = written(model, PROMPTS, num_beams=1, batch_size=batch_size)
    for row, (prompt, (winner,)) in enumerate(zip(PROMPTS, found, strict=True)):
        ids = list(winner.token_ids)
        assert ids[: len(prompt)] == prompt
        assert len(ids) > len(prompt)
        assert ids == greedily(model, row, prompt, len(ids) - len(prompt))


def test_a_prompt_of_the_start_token_alone_changes_nothing(model):
    plain = written(model, [])
    assert written(model, [[DECODER_START_ID]] * 3) == plain


def test_what_a_search_wrote_itself_may_be_its_prompt(model):
    (winner,) = written(model, [], rows=[1], num_beams=1)[0]
    prompt = list(winner.token_ids[:9])
    (again,) = written(model, [prompt], rows=[1], num_beams=1)[0]
    assert again.token_ids == winner.token_ids


@pytest.mark.parametrize("options", [{}, {"do_sample": True, "seed": 4}])
def test_mixed_prompts_and_refilling_do_not_matter(options):
    model = likes_digits(1)
    prompts = [PROMPTS[i % 3] for i in range(7)]
    rows = [i % 3 for i in range(7)]
    alone = [written(model, [p], [row], **options)[0] for p, row in zip(prompts, rows, strict=True)]
    for batch_size in (2, 3, 7):
        together = written(model, prompts, rows, batch_size=batch_size, **options)
        for one, other in zip(together, alone, strict=True):
            assert [h.token_ids for h in one] == [h.token_ids for h in other]
            assert [h.score for h in one] == pytest.approx([h.score for h in other], abs=1e-4)


def test_a_prompt_counts_for_the_length_but_not_for_the_score(model):
    for prompt, found in zip(PROMPTS, written(model, PROMPTS), strict=True):
        for one in found:
            assert len(one.token_ids) <= golden.MAX_LENGTH
            generated = len(one.token_ids) - len(prompt)
            assert one.score == pytest.approx(one.log_probability / generated)
            assert 0 < one.confidence <= 1


def test_given_digits_are_certain(model):
    winner = written(model, PROMPTS)[0][0]
    digits = [token for token in winner.token_ids if token in DIGIT_IDS]
    assert len(winner.digit_costs) == DIGITS * len(digits)
    given = [token - DIGIT_IDS.start for token in PROMPTS[0] if token in DIGIT_IDS]
    for i, digit in enumerate(given):
        costs = winner.digit_costs[i * DIGITS : (i + 1) * DIGITS]
        assert [i for i, cost in enumerate(costs) if cost == 0] == [digit]
