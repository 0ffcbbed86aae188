import ast
import subprocess
import sys
from pathlib import Path

import transgenic_dagster
from tests.requirements import requirements

PACKAGE = Path(transgenic_dagster.__file__).parent
DAGSTER_ONLY = ("definitions", "executors", "orchestration")
MODULES = {"yaml": "pyyaml"}
OF_EXTRAS = {"mappy"}
"""What is used only where somebody has installed it."""
PROGRAMS = {"dagster-webserver"}
"""What is installed to be started, not to be imported."""

WITHOUT_DAGSTER = """
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("dagster"):
            raise ModuleNotFoundError(f"{name} is not installed")

sys.meta_path.insert(0, Blocker())
for module in sys.argv[1:]:
    importlib.import_module(module)

from transgenic_dagster.cli.annotate import main

sys.argv = ["transgenic-annotate", "--help"]
main()
"""


def modules():
    """Name and file of every module, and whether only an installation with Dagster has it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(["transgenic_dagster", *parts]).removesuffix(".__init__")
        yield name, path, parts[0] in DAGSTER_ONLY


def imported(path):
    """Distributions that a module imports from."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            known = top in sys.stdlib_module_names or top in OF_EXTRAS
            if not known and top != "transgenic_dagster":
                yield MODULES.get(top, top)


def test_the_core_list_is_what_the_core_imports():
    used = {name for _, path, dagster in modules() if not dagster for name in imported(path)}
    assert used == set(requirements("core"))


def test_both_lists_are_what_the_package_imports_or_starts():
    used = {name for _, path, _ in modules() for name in imported(path)}
    assert used | PROGRAMS == set(requirements("core")) | set(requirements("dagster"))


def test_annotating_needs_no_dagster():
    core = [name for name, _, dagster in modules() if not dagster]
    assert "transgenic_dagster.run.annotate" in core
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DAGSTER, *core], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "transgenic-annotate" in done.stdout
