"""Looks at a home for assemblies whose files have come to rest."""

import os

import pytest

from tests.lab.homes import make_home, put
from transgenic_dagster.lab.arrivals import REST_IN_DOUBT, look_for_arrivals, problems_of

REST = 30.0
LONG_AGO = 1_000_000.0


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path)


def age(home, time):
    """Give the files of an assembly a time of change."""
    for path in home.assembly("moss").path.iterdir():
        os.utime(path, (time, time))


def looks(home, *times):
    """Looks at several times; returns the last one."""
    sightings = {}
    for now in times:
        found = look_for_arrivals(home, sightings, now, REST)
        sightings = found.sightings
    return found


def test_files_rest_once_they_have_stayed_the_same_long_enough(home):
    put(home, "moss")
    age(home, LONG_AGO)
    for times in ([LONG_AGO], [LONG_AGO, LONG_AGO + REST - 1]):
        found = looks(home, *times)
        assert not found.at_rest
        assert found.waiting == ["moss: waiting for files to stop changing."]
    assert list(looks(home, LONG_AGO, LONG_AGO + REST).at_rest) == ["moss"]


def test_files_that_were_complete_long_ago_are_at_rest_at_the_second_look(home):
    put(home, "moss")
    age(home, LONG_AGO)
    now = LONG_AGO + 100 * REST
    assert not looks(home, now).at_rest
    assert looks(home, now, now + 1).at_rest


def test_a_file_that_somebody_has_open_for_writing_never_rests(home):
    put(home, "moss")
    age(home, LONG_AGO)
    with home.assembly("moss").genome.open("a"):
        assert not looks(home, LONG_AGO, LONG_AGO + 10 * REST).at_rest
    assert looks(home, LONG_AGO, LONG_AGO + 10 * REST).at_rest


def test_a_file_that_ends_in_the_middle_of_a_line_rests_longer(home):
    put(home, "moss")
    genome = home.assembly("moss").genome
    genome.write_text(genome.read_text().rstrip("\n"))
    age(home, LONG_AGO)
    found = looks(home, LONG_AGO, LONG_AGO + REST)
    assert "ends in the middle of a line; waiting in case it is still" in found.waiting[0]
    assert looks(home, LONG_AGO, LONG_AGO + REST_IN_DOUBT * REST).at_rest


def test_what_is_wrong_with_one_folder_hides_no_other(home):
    put(home, "moss")
    put(home, "typo")
    home.assembly("typo").options_file.write_text("num_beems: 1\n")
    (home.assemblies / "bad name").mkdir()
    problems = problems_of(home)
    assert set(problems) == {"typo", "bad name"}
    assert "num_beems is not an option" in problems["typo"]
    home.options_file.write_text("- a\n")
    assert "write one option per line" in problems_of(home)["the lab"]
