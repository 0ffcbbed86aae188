"""Whether a lab scores the genes of its inputs, in options.yaml."""

import pytest

from tests.lab.homes import make_home, put, set_options
from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.arrivals import problems_of
from transgenic_dagster.lab.options import assembly_options, score_options, scores_input


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    return home


@pytest.mark.parametrize(
    ("of_lab", "of_assembly", "wanted"),
    [
        ({}, "", False),
        ({"score_input": True}, "", True),
        ({"score_input": True}, "score_input: false", False),
        ({"score_input": False}, "score_input: true", True),
        ({"score_input": True}, "score_input:", True),
    ],
)
def test_an_assembly_overrides_the_lab(home, of_lab, of_assembly, wanted):
    set_options(home, **of_lab)
    home.assembly("moss").options_file.write_text(of_assembly)
    assert scores_input(home, home.assembly("moss")) is wanted


def test_what_is_neither_true_nor_false_is_one_sentence(home):
    file = home.assembly("moss").options_file
    file.write_text("score_input: often\n")
    sentence = f"{file}: score_input: true or false (got 'often')."
    for read in (scores_input, assembly_options):
        with pytest.raises(UsageError) as refused:
            read(home, home.assembly("moss"))
        assert str(refused.value) == sentence
    assert problems_of(home)["moss"] == sentence


def test_scoring_takes_what_concerns_it_from_the_options_of_the_prediction(home):
    asked = assembly_options(home, home.assembly("moss"), {"num_beams": 4, "seed": 7})
    options = score_options(home, "moss", asked)
    assert options.model_dump(include={"num_beams", "seed", "max_length", "device"}) == {
        "num_beams": 2,
        "seed": 0,
        "max_length": 32,
        "device": "cpu",
    }
    assert options.output == home.scores("moss").scores
    assert options.reject_path == home.scores("moss").rejects
