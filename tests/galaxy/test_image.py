import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tests.galaxy import image
from tests.requirements import requirements

RUN = " ".join(arguments for verb, arguments in image.instructions() if verb == "RUN")


def files_of_the_package():
    listed = subprocess.run(
        ["git", "ls-files", "transgenic_dagster"],
        cwd=image.REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(listed.stdout.split())


def test_the_wheel_of_the_copied_files_holds_the_whole_package(tmp_path):
    image.copy_sources(tmp_path / "src")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", tmp_path, tmp_path / "src"),
        ],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("transgenic_dagster/")}
        (metadata,) = (name for name in archive.namelist() if name.endswith("dist-info/METADATA"))
        description = archive.read(metadata).decode()
    assert packed == files_of_the_package()
    assert set(re.findall(r"^Requires-Dist: ([\w-]+)", description, re.MULTILINE)) >= {
        *requirements("core"),
        *requirements("dagster"),
    }


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("transgenic_dagster/cli/annotate.py", True),
        ("requirements/core.txt", True),
        ("transgenic_dagster/cli/__pycache__/annotate.cpython-313.pyc", False),
        ("tests/galaxy/image.py", False),
        (".git/config", False),
        ("docs/design.md", False),
    ],
)
def test_a_build_is_sent_what_it_needs_and_nothing_else(path, sent):
    assert image.is_sent(Path(path)) is sent


def test_every_package_of_the_image_has_one_version_that_the_program_allows():
    pins = requirements("container")
    assert all(re.fullmatch(r"==[\w.]+", bounds) for bounds in pins.values())
    pins = {name.replace("-", "_").lower(): bounds for name, bounds in pins.items()}
    for name, bounds in requirements("core").items():
        assert SpecifierSet(bounds).contains(pins[name.replace("-", "_")].removeprefix("=="))


def test_the_image_has_the_pinned_versions_and_no_dagster():
    assert "--constraint requirements/container.txt -r requirements/core.txt" in RUN
    assert not any(name.startswith("dagster") for name in requirements("container"))
    # An image without pins for what builds the package would change with every build.
    assert "--no-build-isolation" in RUN
    assert "setuptools" in requirements("container")


def test_the_pins_are_for_the_python_of_the_image():
    (base,) = (arguments for verb, arguments in image.instructions() if verb == "FROM")
    version = re.fullmatch(r"python:(3\.\d+)\.\d+-slim-\w+", base)[1]
    pins = image.REPOSITORY / "requirements" / "container.txt"
    assert f"--python-version {version} " in pins.read_text()
