"""What the project says of itself is the same wherever it is said."""

import tomllib
from pathlib import Path

import yaml

from tests.galaxy.form import MACROS
from transgenic_dagster import __version__
from transgenic_dagster.options import DEFAULT_MODEL

REPOSITORY = Path(__file__).parents[1]
CITATION = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
MODEL_PAGE = f"https://huggingface.co/{DEFAULT_MODEL}"


def test_the_citation_is_of_this_program():
    assert CITATION["version"] == __version__ == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["authors"] == PROJECT["authors"]
    assert CITATION["title"].startswith(f"{PROJECT['name']}: ")


def test_program_form_and_citation_name_the_same_model():
    (model,) = CITATION["references"]
    assert model["url"] == PROJECT["urls"]["Model"] == MODEL_PAGE
    assert f"url = {{{MODEL_PAGE}}}" in MACROS.read_text()
