"""Install a real Galaxy, start it, try the tool in it in every way, and stop it.

    python -m tests.galaxy [--cache DIR] [--port N] [--pictures DIR]

Runs planemo's linters, all tests of the tool's XML, a run started and one cancelled in Chromium,
and a run on hostile names that is killed once for its memory. Exits with 1 where anything is not
as it should be. A part that this machine cannot run is named and left out.
"""

import argparse
import shutil
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
from tests.galaxy.jobs import History, check_hard_run
from tests.galaxy.server import Galaxy, running_galaxy
from tests.galaxy.tool_tests import lint, run_tool_tests


def main() -> None:
    """Do it all, and say how long each part took."""
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
            try_tool(programs, galaxy, arguments.pictures or folder)
    say("Galaxy is stopped")


def try_tool(programs: Path, galaxy: Galaxy, pictures: Path) -> None:
    """Try the tool in a running server."""
    if not galaxy.secluded:
        say("NOT CHECKED, for want of namespaces: jobs need no network and write only in theirs")
    history = History(galaxy)
    run_tool_tests(programs, galaxy)
    say("all tool tests passed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        say("NOT CHECKED, for want of Chromium: the form, a run and cancelling in a browser")
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


def say(what: str) -> None:
    """Print what is done and the seconds since the start."""
    print(f"{time.monotonic() - STARTED:5.0f} s  {what}", flush=True)


STARTED = time.monotonic()

if __name__ == "__main__":
    main()
