"""Install a real Galaxy, start it, try the tool in it in every way, and stop it.

    python -m tests.galaxy [--parts PART…] [--cache DIR] [--port N] [--pictures DIR]

Parts, all but the last by default: planemo's linters (``lint``), all tests of the tools' XML
(``tool_tests``), a run started and one cancelled in Chromium (``browser``), a run on hostile names
that is killed once for its memory and goes on (``hard_run``), one that reaches its walltime on a
Slurm and goes on (``walltime``), a fault (``message``), a model from the history
(``history_model``) and one from the data manager (``data_manager``), lists of genomes
(``collection``), the workflow's own part (``workflow``), runs in stand-ins for containers
(``containers``), and the linter of Total Perspective Vortex, which type-checks all of Galaxy and
takes minutes (``vortex``). Exits with 1 where anything is not as it should
be, and with 77 where everything is but this machine cannot run some part; the last line counts
and names those.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests import one_node_slurm
from tests.galaxy.browser import (
    cancel_by_clicking,
    check_form,
    logged_in,
    run_by_clicking,
    show_form_and_results,
)
from tests.galaxy.installation import (
    default_cache,
    install_galaxy,
    install_planemo,
    install_vortex,
)
from tests.galaxy.jobs import (
    History,
    check_collection,
    check_containers,
    check_data_manager,
    check_hard_run,
    check_message_names_dataset,
    check_model_from_history,
    check_workflow,
)
from tests.galaxy.server import Galaxy, running_galaxy
from tests.galaxy.tool_tests import lint, lint_vortex, run_tool_tests
from tests.galaxy.walltime import check_walltime

SKIPPED = 77
"""Exit code where something could not be checked."""


class NotHereError(Exception):
    """This machine cannot try a part; the message says what is not tried, and why."""


@dataclass
class Trial:
    """A running server, and what its parts are tried with.

    Args:
        programs: Galaxy's own.
        cache: keeps installations.
        galaxy: the server.
        pictures: folder to write screenshots into.
    """

    programs: Path
    cache: Path
    galaxy: Galaxy
    pictures: Path

    @cached_property
    def history(self) -> History:
        """The user's history, which all parts share."""
        return History(self.galaxy)


def try_linters(trial: Trial) -> str:
    """Lint the tools."""
    lint(install_planemo(trial.cache))
    return "the linters have nothing to complain of"


def try_vortex(trial: Trial) -> str:
    """Lint the sample for Total Perspective Vortex."""
    lint_vortex(install_vortex(trial.cache))
    return "the linter of Total Perspective Vortex has nothing to complain of"


def try_tool_tests(trial: Trial) -> str:
    """Run the tests of the tools' XML."""
    run_tool_tests(trial.programs, trial.galaxy)
    return "all tool tests passed"


def try_browser(trial: Trial) -> str:
    """Drive the form in Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise NotHereError("the form, a run and cancelling in a browser, for want of Chromium")
    history, pictures = trial.history, trial.pictures
    with logged_in(history, chromium) as page:
        check_form(page, history, pictures / "galaxy_form.png")
        say("the form shows every field with its help")
        run_by_clicking(page, history, pictures / "galaxy_results.png")
        show_form_and_results(page, history, pictures / "galaxy.png")
        say("a run started by clicking turned green")
        seconds = cancel_by_clicking(page, history)
    return f"a cancelled run was gone after {seconds:.1f} s"


def try_walltime(trial: Trial) -> str:
    """Let a job reach its walltime."""
    if problem := one_node_slurm.why_not():
        raise NotHereError(f"a run that reaches its walltime: {problem}")
    check_walltime(trial.history)
    return "a run that reached its walltime went on, and gave the same files"


def try_containers(trial: Trial) -> str:
    """Run jobs in stand-ins for containers."""
    if not trial.galaxy.secluded:
        raise NotHereError(
            "that jobs need no network and write only in their folders, and what they see in "
            "containers, for want of namespaces"
        )
    check_containers(trial.history)
    return "in containers, jobs see the model, the genome and the GPU"


def _with_history(check: Callable[[History], None], found: str) -> Callable[[Trial], str]:
    def part(trial: Trial) -> str:
        check(trial.history)
        return found

    return part


PARTS: dict[str, Callable[[Trial], str]] = {
    "lint": try_linters,
    "tool_tests": try_tool_tests,
    "browser": try_browser,
    "hard_run": _with_history(
        check_hard_run,
        "hostile names are harmless, and a run that was out of memory went on elsewhere",
    ),
    "walltime": try_walltime,
    "message": _with_history(check_message_names_dataset, "a message names the dataset"),
    "history_model": _with_history(check_model_from_history, "a model from the history is read"),
    "data_manager": _with_history(
        check_data_manager, "the data manager fetched a model, and a run used it"
    ),
    "collection": _with_history(
        check_collection, "lists of genomes and annotations gave a list of results"
    ),
    "workflow": _with_history(check_workflow, "the workflow ran, but for the tools of others"),
    "containers": try_containers,
    "vortex": try_vortex,
}
"""What is tried, by name; each says what it has found."""
BY_DEFAULT = [name for name in PARTS if name != "vortex"]


def main() -> int:
    """Try the parts that are asked for, and say how long each took; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=BY_DEFAULT, metavar="PART")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="keeps installations")
    parser.add_argument("--port", type=int, default=0, help="of Galaxy (a free one)")
    parser.add_argument("--pictures", type=Path, help="folder to write screenshots into")
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    programs = install_galaxy(arguments.cache)
    say("Galaxy is installed")
    with tempfile.TemporaryDirectory(prefix="galaxy-") as scratch:
        folder = Path(scratch) / "server"
        folder.mkdir()
        with running_galaxy(programs, folder, arguments.port) as galaxy:
            say(f"Galaxy is up at {galaxy.url}")
            trial = Trial(programs, arguments.cache, galaxy, arguments.pictures or folder)
            left_out = try_parts(trial, arguments.parts)
    say("Galaxy is stopped")
    return conclude(left_out)


def try_parts(trial: Trial, names: Iterable[str]) -> list[str]:
    """Try parts in a running server; return what this machine could not try, and why."""
    left_out = []
    for name in names:
        try:
            say(PARTS[name](trial))
        except NotHereError as reason:
            left_out.append(str(reason))
    return left_out


def conclude(left_out: list[str]) -> int:
    """Count and name the parts that could not be checked; return the exit code."""
    if not left_out:
        return 0
    say(f"{len(left_out)} NOT CHECKED: {'; '.join(left_out)}")
    return SKIPPED


def say(what: str) -> None:
    """Print what is done and the seconds since the start."""
    print(f"{time.monotonic() - STARTED:5.0f} s  {what}", flush=True)


STARTED = time.monotonic()

if __name__ == "__main__":
    sys.exit(main())
