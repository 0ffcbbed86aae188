import os
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from itertools import pairwise

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests.galaxy import form
from tests.galaxy.containers import GPU, RUNTIMES, sample_destinations
from tests.galaxy.form import TOOL_FOLDER
from tests.requirements import requirements

ADMIN = TOOL_FOLDER / "admin"
PROJECT = tomllib.loads((TOOL_FOLDER.parent / "pyproject.toml").read_text())["project"]
NOT_OURS = {"pip", "python3", "rm", "find", "conda", "docker", "apptainer", "apt-get"}
CONDA_NAMES = {"torch": "pytorch", "duckdb": "python-duckdb", "matplotlib": "matplotlib-base"}


def recipe():
    text = (ADMIN / "meta.yaml").read_text()
    text = re.sub(r"\{%.*?%\}\n", "", text).replace("{{ version }}", PROJECT["version"])
    return yaml.safe_load(re.sub(r"\{\{.*?\}\}", "x", text))


def bounds_of_minimap2():
    """Versions that the program can lift genes with: its Python package is the same minimap2."""
    (mappy,) = PROJECT["optional-dependencies"]["lift"]
    return mappy.removeprefix("mappy")


def test_the_recipe_needs_what_the_package_needs():
    needed = {f"python {PROJECT['requires-python']}", f"minimap2 {bounds_of_minimap2()}"}
    for name, bounds in requirements("core").items():
        needed.add(f"{CONDA_NAMES.get(name, name)} {bounds}")
    assert set(recipe()["requirements"]["run"]) == needed


def test_jobs_that_lift_genes_find_minimap2():
    wanted = {
        requirement.text: requirement.attrib["version"]
        for requirement in form.tool().iterfind("expand[@macro='requirements']/requirement")
    }
    assert set(wanted) == {"minimap2"}
    assert SpecifierSet(bounds_of_minimap2()).contains(wanted["minimap2"])
    assert any(
        "apt-get install" in command and " minimap2 " in command
        for command in texts_with_commands()["Dockerfile"]
    )


def test_the_recipe_installs_every_program_but_the_one_that_needs_dagster():
    scripts = {f"{name} = {target}" for name, target in PROJECT["scripts"].items()}
    (lab,) = (script for script in scripts if script.endswith(".cli.lab:main"))
    assert set(recipe()["build"]["entry_points"]) == scripts - {lab}


def texts_with_commands():
    """Commands that the files for administrators hold, by file; several joined by ``&&``."""
    dockerfile = (ADMIN / "Dockerfile").read_text()
    recipe_text = (ADMIN / "meta.yaml").read_text()
    inline_code = re.findall(r"`([^`]+)`", (TOOL_FOLDER / "README.md").read_text())
    samples = [path.read_text() for path in sorted(TOOL_FOLDER.glob("tool-data/*.sample"))]
    samples.append((ADMIN / "job_conf.sample.yml").read_text())
    return {
        "Dockerfile": re.findall(r"^RUN (.*)$", dockerfile.replace("\\\n", ""), re.MULTILINE),
        "CMD": [" ".join(yaml.safe_load(re.search(r"^CMD (.*)$", dockerfile, re.MULTILINE)[1]))],
        "meta.yaml": [
            recipe()["build"]["script"].replace("x -m", "python3 -m"),
            *recipe()["test"]["commands"],
        ],
        "README.md": [code for code in inline_code if " " in code],
        "comments": [
            command
            for text in (dockerfile, recipe_text, *samples)
            for command in re.findall(r"^#   (\S.*)$", text, re.MULTILINE)
            if not command.startswith(("<", "--"))
        ],
    }


@cache
def pip_options():
    shown = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return set(re.findall(r"(?<!\S)--?\w[\w-]*", shown))


def problems(command):
    """What is wrong with a line of shell commands: programs, subcommands, options or files."""
    for part in command.split("&&"):
        program, *arguments = shlex.split(part)
        program = os.path.basename(program)  # noqa: PTH119
        if program in {"python3", "python"} and arguments[0] == "-m":
            program, *arguments = arguments[1:]
            if program in {"venv", "tests.galaxy"}:
                continue
        if program not in {*NOT_OURS, *PROJECT["scripts"]}:
            yield f"no program {program}"
        if program == "pip":
            if arguments[0] != "install":
                yield f"no command pip {arguments[0]}"
            given = {word.partition("=")[0] for word in arguments if word.startswith("-")}
            given = {re.sub("^-v+$", "-v", name) for name in given}
            yield from (f"no option {name} of pip" for name in given - pip_options())
            files = (after for word, after in pairwise(arguments) if word == "-r")
            yield from (f"no {name}" for name in files if not (TOOL_FOLDER.parent / name).exists())


@pytest.mark.parametrize("file", texts_with_commands())
def test_every_command_for_administrators_can_be_run(file):
    commands = texts_with_commands()[file]
    assert commands
    for command in commands:
        assert not list(problems(command)), command


@pytest.mark.parametrize(
    "wrong",
    [
        "pipp install .",
        "pip instal .",
        "pip install --no-dep .",
        "pip install -r requirements/cores.txt",
        "transgenic-annotates --version",
        "python3 -m pipp install . -vvv",
        "pip install . && transgenic-fetch x",
    ],
)
def test_a_command_that_cannot_be_run_is_noticed(wrong):
    assert len(list(problems(wrong))) == 1


def test_the_image_copies_what_the_package_is_built_from():
    lines = re.findall(r"^COPY (.*) \S+$", (ADMIN / "Dockerfile").read_text(), re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    for name in copied:
        assert (TOOL_FOLDER.parent / name).exists()
    assert {PROJECT["readme"], *PROJECT["license-files"], "requirements"} < copied


RESUBMITTED = {"memory_limit_reached", "walltime_reached and attempt < 10"}


def runs_folder(environment):
    """Folder that a destination gives its jobs to keep in what they have done."""
    given = {entry["name"]: entry["value"] for entry in environment.get("env", ())}
    for runtime in RUNTIMES.values():
        given |= {
            name.removeprefix(f"{runtime}_env_"): value
            for name, value in environment.items()
            if name.startswith(f"{runtime}_env_")
        }
        for volume in environment.get(f"{runtime}_volumes", "").split(","):
            if volume.endswith(":rw"):
                assert given["TRANSGENIC_RUNS"] == volume.removesuffix(":rw")
    return given.get("TRANSGENIC_RUNS")


def test_the_sample_destinations_refer_to_each_other():
    sample = yaml.safe_load((ADMIN / "job_conf.sample.yml").read_text())
    environments = sample["execution"]["environments"]
    assert sample["execution"]["default"] in environments
    for name, environment in environments.items():
        assert environment["runner"] in sample["runners"], name
        for rule in environment.get("resubmit", ()):
            assert rule["condition"] in RESUBMITTED
            assert rule["environment"] in environments
            # What one attempt has done is there for the next.
            folders = {runs_folder(environments[n]) for n in (name, rule["environment"])}
            assert len(folders) == 1
            assert None not in folders
    (tool,) = sample["tools"]
    assert tool["id"] == "transgenic_annotate"
    assert tool["environment"] in environments


def test_vortex_gives_the_tools_what_the_sample_destinations_give():
    tools = yaml.safe_load((ADMIN / "tpv_tools.sample.yml").read_text())["tools"]
    assert set(tools) == {"transgenic_annotate", "transgenic_fetch_model"}
    runs = tools["transgenic_annotate"]["env"]["TRANSGENIC_RUNS"]
    assert runs == runs_folder(sample_destinations()["slurm"])
    conditions = {rule["condition"] for rule in tools["transgenic_annotate"]["resubmit"].values()}
    assert all(
        condition.split()[0] in {"walltime_reached", "memory_limit_reached"}
        for condition in conditions
    )


def folders_of_sample_tables():
    """Folders of the examples in the sample data tables."""
    rows = [
        line.lstrip("#").split("\t")
        for sample in TOOL_FOLDER.glob("tool-data/*.sample")
        for line in sample.read_text().splitlines()
        if "\t" in line
    ]
    return {row[-1] for row in rows}


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_container_sees_the_models_the_genomes_and_the_gpu(name, tmp_path):
    destination, runtime = sample_destinations()[name], RUNTIMES[name]
    defaults, *volumes = destination[f"{runtime}_volumes"].split(",")
    assert defaults == "$defaults"
    bound = [volume.removesuffix(":ro") for volume in volumes if volume.endswith(":ro")]
    for folder in folders_of_sample_tables():
        assert any(folder.startswith(f"{path}/") for path in bound), folder
    value = destination[f"{runtime}_env_CUDA_VISIBLE_DEVICES"]
    for given, seen in ((GPU, GPU), ("", ""), (None, "0")):
        environment = os.environ | ({} if given is None else {"CUDA_VISIBLE_DEVICES": given})
        if given is None:
            environment.pop("CUDA_VISIBLE_DEVICES", None)
        told = subprocess.run(
            ["sh", "-c", f'printf %s "{value}"'],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert told == seen
    gpus = {"singularity": "--nv", "docker": "--gpus all"}[runtime]
    assert gpus in destination[f"{runtime}_run_extra_arguments"]


def test_every_container_destination_of_the_sample_is_tried_in_galaxy():
    in_containers = {
        name
        for name, destination in sample_destinations().items()
        if "container_override" in destination
    }
    assert in_containers == set(RUNTIMES)


def test_the_image_of_the_sample_is_the_one_that_is_built():
    built = re.search(r"docker build .* -t (\S+) ", (ADMIN / "Dockerfile").read_text())[1]
    (image,) = sample_destinations()["docker_gpu"]["container_override"]
    assert image["identifier"] == built == f"transgenic-dagster:{PROJECT['version']}"
