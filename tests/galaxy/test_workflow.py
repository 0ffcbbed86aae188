import json

import pytest
import yaml

from tests.galaxy import form
from tests.galaxy.workflow import TESTS, our_part, steps
from transgenic_dagster import __version__

STEPS = steps()
TOOLS = [step for step in STEPS.values() if step["type"] == "tool"]


def set_in(state, prefix=""):
    """Paths of all parameters in a step's state, with their values."""
    for name, value in state.items():
        if isinstance(value, dict) and "__class__" not in value:
            yield from set_in(value, f"{prefix}{name}|")
        elif not name.startswith("__"):
            yield prefix + name, value


def test_what_our_step_sets_is_in_the_form():
    step = STEPS["TransGenic"]
    fields = {parameter.path: parameter for parameter in form.parameters()}
    values = dict(set_in(json.loads(step["tool_state"])))
    for path, value in values.items():
        element = fields[path].element
        if element.tag == "param" and element.get("type") == "select" and isinstance(value, str):
            assert value in {option.get("value") for option in element.findall("option")}
    assert set(step["input_connections"]) <= set(values)
    assert step["tool_version"].startswith(__version__)


def test_our_step_gives_outputs_of_the_tool():
    written = {data.get("name") for data in form.tool().iterfind("outputs/data")}
    assert {output["name"] for output in STEPS["TransGenic"]["outputs"]} <= written


@pytest.mark.parametrize("step", TOOLS, ids=lambda step: step["label"])
def test_every_link_leads_to_an_output(step):
    by_number = {step["id"]: step for step in STEPS.values()}
    for links in step["input_connections"].values():
        for link in links if isinstance(links, list) else [links]:
            source = by_number[link["id"]]
            given = {output["name"] for output in source["outputs"]} or {"output"}
            assert link["output_name"] in given


def test_the_workflow_has_our_tool_gffread_statistics_and_a_browser():
    assert [step["tool_id"].split("/")[-2:][0] for step in TOOLS] == [
        "transgenic_annotate",
        "gffread",
        "jcvi_gff_stats",
        "jbrowse",
    ]


def test_our_part_stands_alone():
    part = our_part()["steps"].values()
    numbers = {step["id"] for step in part}
    assert [step["label"] for step in part if step["type"] == "tool"] == ["TransGenic"]
    for step in part:
        assert {link["id"] for link in step["input_connections"].values()} <= numbers


def test_the_tests_name_inputs_and_outputs_of_the_workflow():
    (case,) = yaml.safe_load(TESTS.read_text())
    inputs = {label for label, step in STEPS.items() if step["type"] != "tool"}
    outputs = {out["label"] for step in STEPS.values() for out in step["workflow_outputs"]}
    assert set(case["job"]) == inputs
    assert set(case["outputs"]) <= outputs
    for value in case["job"].values():
        if isinstance(value, dict):
            assert (TESTS.parent / value["path"]).is_file()
