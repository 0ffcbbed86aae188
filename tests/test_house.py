"""The house's rules on imports, beyond the floors that import-linter holds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import transgenic_dagster

PACKAGE = Path(transgenic_dagster.__file__).parent
PRIVATE = PACKAGE / "executors" / "dagster_private.py"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMED_AT_THE_TOP = {"__init__", "definitions", "errors", "options", "progress"}
OTHERS_AT_THE_TOP = 2


def imported(module: Path) -> Iterator[str]:
    """Full names of all that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_dagster(module: Path) -> bool:
    return any(name.split(".")[0] == "dagster" for name in imported(module))


def shown(modules: list[Path]) -> list[str]:
    return [str(module.relative_to(PACKAGE)) for module in modules]


def test_imports_are_found_wherever_they_stand(tmp_path):
    (tmp_path / "module.py").write_text(
        "import dagster.core as core\ndef f():\n    from dagster._core import events\n"
    )
    found = set(imported(tmp_path / "module.py"))
    assert found == {"dagster.core", "dagster._core.events"}


def test_private_parts_of_dagster_are_imported_in_one_module():
    private = [
        module
        for module in MODULES
        if any(name.startswith("dagster._") for name in imported(module))
    ]
    assert shown(private) == shown([PRIVATE])


def test_every_module_of_orchestration_imports_dagster():
    folder = PACKAGE / "orchestration"
    modules = [module for module in folder.glob("*.py") if module.stem != "__init__"]
    assert modules
    assert shown([module for module in modules if not imports_dagster(module)]) == []
    (docstring,) = ast.parse((folder / "__init__.py").read_text()).body
    assert isinstance(docstring, ast.Expr)


def test_only_orchestration_executors_and_definitions_know_dagster():
    knowing = [module for module in MODULES if imports_dagster(module)]
    assert {path.partition("/")[0] for path in shown(knowing)} == {
        "definitions.py",
        "executors",
        "orchestration",
    }


def test_few_modules_stand_outside_folders():
    others = {module.stem for module in PACKAGE.glob("*.py")} - NAMED_AT_THE_TOP
    assert len(others) <= OTHERS_AT_THE_TOP, sorted(others)


def test_what_is_built_on_dagster_stays_small():
    modules = [
        m for folder in ("orchestration", "executors") for m in (PACKAGE / folder).glob("*.py")
    ]
    assert len(modules) < 18
    assert sum(len(module.read_text().splitlines()) for module in modules) < 2000
