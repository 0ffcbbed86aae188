import re
import tomllib

import yaml

from tests.galaxy.form import TOOL_FOLDER
from tests.requirements import requirements

ADMIN = TOOL_FOLDER / "admin"
PROJECT = tomllib.loads((TOOL_FOLDER.parent / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"torch": "pytorch", "duckdb": "python-duckdb", "matplotlib": "matplotlib-base"}


def recipe():
    text = (ADMIN / "meta.yaml").read_text()
    text = re.sub(r"\{%.*?%\}\n", "", text).replace("{{ version }}", PROJECT["version"])
    return yaml.safe_load(re.sub(r"\{\{.*?\}\}", "x", text))


def test_the_recipe_needs_what_the_package_needs():
    needed = {f"python {PROJECT['requires-python']}"}
    for name, bounds in requirements("core").items():
        needed.add(f"{CONDA_NAMES.get(name, name)} {bounds}")
    assert set(recipe()["requirements"]["run"]) == needed


def test_the_recipe_installs_programs_of_the_package():
    scripts = {f"{name} = {target}" for name, target in PROJECT["scripts"].items()}
    assert set(recipe()["build"]["entry_points"]) <= scripts
    assert any(
        entry.startswith("transgenic-annotate ") for entry in recipe()["build"]["entry_points"]
    )


def test_the_image_copies_what_the_package_is_built_from():
    lines = re.findall(r"^COPY (.*) \S+$", (ADMIN / "Dockerfile").read_text(), re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    for name in copied:
        assert (TOOL_FOLDER.parent / name).exists()
    assert {PROJECT["readme"], *PROJECT["license-files"], "requirements"} < copied


def test_the_sample_destinations_refer_to_each_other():
    sample = yaml.safe_load((ADMIN / "job_conf.sample.yml").read_text())
    environments = sample["execution"]["environments"]
    assert sample["execution"]["default"] in environments
    for name, environment in environments.items():
        assert environment["runner"] in sample["runners"], name
        for rule in environment.get("resubmit", ()):
            assert rule["condition"] == "memory_limit_reached"
            assert rule["environment"] in environments
    (tool,) = sample["tools"]
    assert tool["id"] == "transgenic_annotate"
    assert tool["environment"] in environments
