import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from galaxy_tool.data_manager import model_row
from tests.galaxy import form
from tests.galaxy.fake_hub import MODEL, TINY_MODEL, running_hub
from transgenic_dagster.options import DEFAULT_MODEL

FOLDER = form.TOOL_FOLDER / "data_manager"
TOOL = ET.parse(form.DATA_MANAGER).getroot()
CHOICES = {when.attrib["value"]: when for when in TOOL.iterfind("inputs/conditional/when")}
FETCH = Path(sys.executable).parent / "transgenic-fetch-model"


def hidden(choice, name):
    return CHOICES[choice].find(f"param[@name='{name}']").attrib["value"]


def test_the_form_opens_with_the_programs_default_model():
    selected = TOOL.find("inputs/conditional/param/option[@selected='true']").attrib["value"]
    assert hidden(selected, "repository") == DEFAULT_MODEL == MODEL
    assert "(default" in hidden(selected, "name")
    assert "(default" not in hidden("small", "name")


@pytest.mark.parametrize("revision", [None, "", "v1.0"])
def test_the_row_has_the_columns_of_the_table(tmp_path, revision):
    form_as_filled_in = {
        "model": {"choice": "default", "repository": DEFAULT_MODEL, "name": " TransGenic 400M "},
        "revision": revision,
    }
    (tmp_path / "inputs").write_text(json.dumps(form_as_filled_in))
    subprocess.run(
        [sys.executable, "-I", FOLDER / "model_row.py", tmp_path / "inputs", tmp_path / "out"],
        check=True,
    )
    (rows,) = json.loads((tmp_path / "out").read_text())["data_tables"].values()
    version = "--v1.0" if revision else ""
    assert rows == [
        {
            "value": f"jlomas--HyenaTransgenic-768L12A6-400M{version}",
            "name": "TransGenic 400M, revision v1.0" if revision else "TransGenic 400M",
            "path": "model",
        }
    ]
    assert Path(rows[0]["value"]).name == rows[0]["value"]


def test_the_table_and_its_columns_are_those_of_the_tool():
    configured = ET.parse(form.TOOL_FOLDER / "data_manager_conf.xml").find(
        "data_manager/data_table"
    )
    sample = ET.parse(form.TOOL_FOLDER / "tool_data_table_conf.xml.sample")
    table = sample.find(f"table[@name='{model_row.TABLE}']")
    assert configured.attrib["name"] == model_row.TABLE
    columns = [column.attrib["name"] for column in configured.iterfind("output/column")]
    assert columns == table.findtext("columns").split(", ")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [(MODEL, 0, ""), ("nobody/nothing", 3, "Error: Model 'nobody/nothing' cannot be fetched")],
)
def test_a_model_comes_from_a_hub_without_its_code(tmp_path, name, code, said):
    with running_hub() as address:
        done = subprocess.run(
            [FETCH, name, tmp_path / "model"],
            env=os.environ
            | {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    if code == 0:
        fetched = {path.name for path in (tmp_path / "model").iterdir() if path.is_file()}
        assert fetched == {path.name for path in TINY_MODEL.iterdir()}
