import json
import subprocess
import sys

import pytest

from tests.galaxy import fake_container
from tests.galaxy.containers import RUNTIMES, Containers
from tests.galaxy.renamed_tool import renamed_id, write_renamed_tool

NAMESPACES = (
    subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0
)
ARGUMENTS = {
    "singularity": ["-s", "exec", "--contain", "-B", "/a:ro", "-B", "/b:/c"],
    "docker": ["run", "-e", "CUDA_VISIBLE_DEVICES=7", "-v", "/a:ro", "-v", "/b:/c"],
}


@pytest.mark.parametrize("runtime", ARGUMENTS)
def test_the_stand_in_hears_what_a_runtime_is_told(runtime, monkeypatch):
    monkeypatch.setenv("SINGULARITYENV_CUDA_VISIBLE_DEVICES", "7")
    binds, variables = fake_container.told(runtime, [*ARGUMENTS[runtime], "image", "sh"])
    assert (binds, variables) == (["/a:ro", "/b:/c"], {"CUDA_VISIBLE_DEVICES": "7"})


@pytest.mark.skipif(not NAMESPACES, reason="needs namespaces")
@pytest.mark.parametrize("bound", [True, False])
def test_a_job_sees_a_folder_only_if_it_is_bound(tmp_path, bound):
    hidden = tmp_path / "models"
    hidden.mkdir()
    (hidden / "model").touch()
    settings = tmp_path / "settings.json"
    settings.write_text(
        json.dumps(
            {"image": "image", "hidden": [str(hidden)], "path": "/usr/bin:/bin"}
            | {"record": str(tmp_path / "record")}
        )
    )
    done = subprocess.run(
        [
            *(sys.executable, fake_container.__file__, settings, "docker"),
            *(["run", *(["-v", f"{hidden}:ro"] if bound else [])]),
            *("image", "ls", hidden),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ("model\n" if bound else "")
    assert len((tmp_path / "record").read_text().splitlines()) == 1


def test_a_tool_under_another_name_is_ours_with_all_its_files(tmp_path):
    xml = write_renamed_tool("docker_gpu", tmp_path / "tool")
    assert f'<tool id="{renamed_id("docker_gpu")}" ' in xml.read_text()
    assert xml.read_text().count(renamed_id("docker_gpu")) == 1
    assert (xml.parent / "macros.xml").is_file()


def test_destinations_in_containers_bind_the_folders_of_this_machine(tmp_path):
    containers = Containers(tmp_path / "outside", tmp_path)
    containers.write()
    for name in RUNTIMES:
        assert str(containers.folder / "models") in str(containers.destination(name))
