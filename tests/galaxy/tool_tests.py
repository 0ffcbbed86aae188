"""Lints the tools and runs the tests in their XML through Galaxy's own test runner."""

import json
import os
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.galaxy.form import DATA_MANAGER, TOOL, TOOL_FOLDER
from tests.galaxy.server import Galaxy

VORTEX_SAMPLE = TOOL_FOLDER / "admin" / "tpv_tools.sample.yml"
_LINTS = (
    # The two checks that are left out ask bio.tools and the Tool Shed over the network.
    ("lint", "--fail_level", "warn", "-s", "BioToolsValid", str(TOOL)),
    ("lint", "--fail_level", "warn", "-s", "BioToolsValid", str(DATA_MANAGER)),
    ("shed_lint", "--fail_level", "warn", "-s", "version_bumped", str(TOOL_FOLDER)),
)


def lint(planemo: Path) -> None:
    """Run planemo's linters; a warning is a failure.

    Args:
        planemo: folder of its programs.
    """
    for arguments in _LINTS:
        subprocess.run([planemo / "planemo", *arguments], check=True, cwd=TOOL_FOLDER)


def lint_vortex(vortex: Path) -> None:
    """Run the linter of Total Perspective Vortex on the sample; a warning is a failure.

    Args:
        vortex: folder of its programs.
    """
    # It checks the types of expressions, against all of Galaxy: minutes, the first time.
    kept = {"MYPY_CACHE_DIR": str(vortex.parent / "mypy_cache")}
    subprocess.run([vortex / "tpv", "lint", VORTEX_SAMPLE], check=True, env=os.environ | kept)


def run_tool_tests(programs: Path, galaxy: Galaxy) -> None:
    """Run every test of the tools in the server, two at a time.

    Args:
        programs: Galaxy's own.
        galaxy: the server.
    """
    for tool in (TOOL, DATA_MANAGER):
        _run_tests_of(tool, programs, galaxy)


def _run_tests_of(tool: Path, programs: Path, galaxy: Galaxy) -> None:
    report, log = (galaxy.folder / f"{tool.stem}_tests.{kind}" for kind in ("json", "log"))
    with log.open("wb") as output:
        subprocess.run(
            [
                *(programs / "galaxy-tool-test", "--galaxy-url", galaxy.url),
                *("--key", galaxy.key, "--admin-key", galaxy.key),
                *("--tool-id", tool.stem, "--with-reference-data"),
                *("--test-data", TOOL_FOLDER / "test-data", "--parallel-tests", "2"),
                *("--output", galaxy.folder / "tool_test_outputs", "--output-json", report),
            ],
            check=False,
            cwd=galaxy.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if not report.exists():
        raise SystemExit(f"the tool tests did not run:\n{log.read_text()[-4000:]}")
    check_report(tool, report)


def check_report(tool: Path, report: Path) -> None:
    """Print one line a test; every test of the XML must be there and have passed."""
    described = len(ET.parse(tool).findall("tests/test"))
    tests = sorted(json.loads(report.read_text())["tests"], key=lambda test: test["id"])
    problems = []
    for number, test in enumerate(tests, start=1):
        data = test["data"]
        print(
            f"  {tool.stem}, test {number}: {data['status']} ({data.get('time_seconds', 0):.0f} s)"
        )
        if data["status"] != "success":
            problems.append(f"test {number}: {data.get('output_problems') or data}")
    if problems or len(tests) != described:
        raise SystemExit(
            f"{len(tests)} of {described} tool tests ran; failed:\n" + "\n".join(problems)
        )
