"""Limits of the checks in options.yaml: layers, defaults, and one sentence on what is wrong."""

import re

import pytest

from tests.lab.homes import make_home, put
from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.arrivals import problems_of
from transgenic_dagster.lab.options import assembly_options, check_limits
from transgenic_dagster.quality.check_limits import CheckLimits, parse_limits


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path, checks={"complete_frames": 0.8, "repeated": 0})
    put(home, "moss")
    return home


def test_limits_of_an_assembly_override_those_of_the_home(home):
    moss = home.assembly("moss")
    assert check_limits(home, moss) == CheckLimits(complete_frames=0.8, repeated=0)
    moss.options_file.write_text("num_beams: 3\nchecks:\n  complete_frames: 0.9\n")
    assert check_limits(home, moss) == CheckLimits(complete_frames=0.9, repeated=0)
    assert assembly_options(home, moss).num_beams == 3


def test_no_limits_are_the_defaults(home):
    home.options_file.write_text("checks:\n")
    assert check_limits(home, home.assembly("moss")) == CheckLimits()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "{complete_frames: 80}",
            "checks: complete_frames: a share from 0 to 1, such as 0.8 (got 80).",
        ),
        ("{repeated: many}", "checks: repeated: a share from 0 to 1, such as 0.8 (got 'many')."),
        ("{annotated: .nan}", "checks: annotated: a share from 0 to 1, such as 0.8 (got nan)."),
        ("{annotated: true}", "checks: annotated: a share from 0 to 1, such as 0.8 (got True)."),
        ("{frames: 0.8}", "checks: frames is not one of annotated, overlapping, complete_frames, "),
        ("0.8", "checks: write NAME: SHARE for each of annotated, overlapping, "),
    ],
)
def test_a_wrong_limit_is_one_sentence_that_names_file_and_value(home, text, sentence):
    file = home.assembly("moss").options_file
    file.write_text(f"checks: {text}\n")
    for read in (check_limits, assembly_options):
        with pytest.raises(UsageError, match=re.escape(f"{file}: {sentence}")):
            read(home, home.assembly("moss"))
    assert sentence in problems_of(home)["moss"]


def test_limits_are_not_options_of_a_single_run(home):
    with pytest.raises(UsageError, match="the launchpad's options: checks is not an option"):
        assembly_options(home, home.assembly("moss"), {"checks": {}})


def test_a_limit_without_a_name_is_refused():
    with pytest.raises(UsageError, match="checks: None is not one of"):
        parse_limits({None: 0.5})
