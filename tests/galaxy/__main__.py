"""Install a real Galaxy, start it, try the tool in it in every way, and stop it.

    python -m tests.galaxy [--cache DIR] [--port N] [--pictures DIR]

Runs planemo's linters, all tests of the tools' XML, a run started and one cancelled in Chromium,
a run on hostile names that is killed once for its memory and goes on, a fault, a model from the
history and one from the data manager, lists of genomes, the workflow's own part, and runs in
stand-ins for containers. Exits with 1 where anything is not as it should be, and with 77 where
everything is but this machine cannot run some part; the last line counts and names those.
"""

import argparse
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.galaxy.browser import (
    cancel_by_clicking,
    check_form,
    logged_in,
    run_by_clicking,
    show_form_and_results,
)
from tests.galaxy.installation import default_cache, install_galaxy, install_planemo
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
from tests.galaxy.tool_tests import lint, run_tool_tests

SKIPPED = 77
"""Exit code where something could not be checked."""


def main() -> int:
    """Do it all, and say how long each part took; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=default_cache(), help="keeps installations")
    parser.add_argument("--port", type=int, default=0, help="of Galaxy (a free one)")
    parser.add_argument("--pictures", type=Path, help="folder to write screenshots into")
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    programs = install_galaxy(arguments.cache)
    say("Galaxy is installed")
    with tempfile.TemporaryDirectory(prefix="galaxy-") as scratch, ThreadPoolExecutor(1) as beside:
        folder = Path(scratch) / "server"
        folder.mkdir()
        linting = beside.submit(lambda: lint(install_planemo(arguments.cache)))
        with running_galaxy(programs, folder, arguments.port) as galaxy:
            say(f"Galaxy is up at {galaxy.url}")
            linting.result()
            say("planemo has nothing to complain of")
            left_out = try_tool(programs, galaxy, arguments.pictures or folder)
    say("Galaxy is stopped")
    return conclude(left_out)


def conclude(left_out: list[str]) -> int:
    """Count and name the parts that could not be checked; return the exit code."""
    if not left_out:
        return 0
    say(f"{len(left_out)} NOT CHECKED: {'; '.join(left_out)}")
    return SKIPPED


def try_tool(programs: Path, galaxy: Galaxy, pictures: Path) -> list[str]:
    """Try the tool in a running server; return what this machine could not try, and why."""
    left_out = []
    history = History(galaxy)
    run_tool_tests(programs, galaxy)
    say("all tool tests passed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        left_out.append("the form, a run and cancelling in a browser, for want of Chromium")
    else:
        with logged_in(history, chromium) as page:
            check_form(page, history, pictures / "galaxy_form.png")
            say("the form shows every field with its help")
            run_by_clicking(page, history, pictures / "galaxy_results.png")
            show_form_and_results(page, history, pictures / "galaxy.png")
            say("a run started by clicking turned green")
            seconds = cancel_by_clicking(page, history)
            say(f"a cancelled run was gone after {seconds:.1f} s")
    check_hard_run(history)
    say("hostile names are harmless, and a run that was out of memory went on elsewhere")
    check_message_names_dataset(history)
    say("a message names the dataset")
    check_model_from_history(history)
    say("a model from the history is read")
    check_data_manager(history)
    say("the data manager fetched a model, and a run used it")
    check_collection(history)
    say("lists of genomes and annotations gave a list of results")
    check_workflow(history)
    say("the workflow ran, but for the tools of others")
    if galaxy.secluded:
        check_containers(history)
        say("in containers, jobs see the model, the genome and the GPU")
    else:
        left_out.append(
            "that jobs need no network and write only in their folders, and what they see in "
            "containers, for want of namespaces"
        )
    return left_out


def say(what: str) -> None:
    """Print what is done and the seconds since the start."""
    print(f"{time.monotonic() - STARTED:5.0f} s  {what}", flush=True)


STARTED = time.monotonic()

if __name__ == "__main__":
    sys.exit(main())
