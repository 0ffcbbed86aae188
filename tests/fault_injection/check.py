"""What must hold after a fault: the bytes of an undisturbed run, or a message and an exit code."""

import re
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.fault_injection.faults import KINDS, Fault
from tests.fault_injection.run import Ended, Site, limit_data

LIMITS = ("memory", "start")
"""Of the memory: beyond what a process has once everything is loaded, and from its start."""
ERROR_CODES = {2, 3, 4, 5}
MOST_REPAIRS = 3
_LOGGED = re.compile(r"\d\d:\d\d:\d\d .+")
# Python itself says so of a thread that has no memory to begin.
_THREAD_WITHOUT_MEMORY = re.compile(r"Exception ignored in thread started by: .+|MemoryError: ?")
_ERROR = re.compile(r"Error: \S.+\.\)?")
_DELETABLE = re.compile(r"(?:remove|delete) (?:it|(/\S+?))[,;:. ]")


class WrongError(Exception):
    """Something that must not happen after a fault."""


@dataclass(frozen=True)
class Case:
    """One fault, and perhaps another one while the run is resumed.

    Args:
        kind: of the fault, a key of ``KINDS``, or one of ``LIMITS``.
        number: of the operation, or megabytes.
        kind_on_resume: of the other one.
        number_on_resume: of its operation.
    """

    kind: str
    number: int
    kind_on_resume: str | None = None
    number_on_resume: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Args:
        case: itself.
        where: the operation that went wrong.
        code: exit code of the run with the fault; that of the run that was resumed with one.
        message: what it said in its last line.
        repairs: messages of resumed runs that wanted something else than ``--resume``.
        wrong: what must not happen, if it did.
    """

    case: Case
    where: str
    code: int | None
    message: str
    repairs: tuple[str, ...] = ()
    wrong: str | None = None


def try_case(
    site: Site, case: Case, reference: dict[str, bytes], resumed: dict[str, list[str]]
) -> Outcome:
    """Run with a fault, then resume without, and look at everything that is there.

    Args:
        site: where.
        case: the fault.
        reference: final files of an undisturbed run.
        resumed: from the states in which runs were resumed well to their messages; a run that
            left the same files as another one is not resumed again. Grows.
    """
    site.clear()
    where, ended, repairs = "", Ended(None, ""), []
    wrong = None
    try:
        where, ended = _with_fault(site, case.kind, case.number, (), reference)
        if case.kind_on_resume:
            another, ended = _with_fault(
                site, case.kind_on_resume, case.number_on_resume, ("--resume",), reference
            )
            where += f", then {another}"
        state = site.state()
        if state not in resumed:
            resumed[state] = _resume(site, reference)
        repairs = resumed[state]
    except WrongError as error:
        wrong = str(error)
    message = ended.stderr.rstrip().rpartition("\n")[2]
    return Outcome(case, where, ended.code, message, tuple(repairs), wrong)


def _with_fault(
    site: Site, kind: str, number: int, options: tuple[str, ...], reference: dict[str, bytes]
) -> tuple[str, Ended]:
    if kind == "memory":
        ended = site.run(*options, limit=limit_data(number))
        where, may_be_killed = f"{number} MB more", False
    elif kind == "start":
        ended = site.start(*options, megabytes=number)
        where, may_be_killed = f"{number} MB", False
    else:
        fault = Fault.prepared(site.root, KINDS[kind], number)
        ended = site.run(*options, fault=fault)
        where, may_be_killed = str(fault), KINDS[kind].kills
    if not (may_be_killed and ended.code == -signal.SIGKILL):
        _check_end(ended)
    if kind in LIMITS and ended.code == 0 and _tells_of_memory(site):
        return where, ended
    _check_files(site, reference, whole=ended.code == 0)
    return where, ended


def _tells_of_memory(site: Site) -> bool:
    """Whether genes are rejected because of the machine; once resumed, they must be there."""
    return b'"reason": "out_of_memory"' in site.results()["out.gff3.rejects.txt"]


def _resume(site: Site, reference: dict[str, bytes]) -> list[str]:
    """Resume, and do as messages say; returns those messages."""
    said: list[str] = []
    options = ["--resume"]
    while True:
        ended = site.run(*options)
        _check_end(ended)
        _check_files(site, reference, whole=ended.code == 0)
        if ended.code == 0:
            break
        message = ended.stderr.strip()
        said.append(message)
        if len(said) > MOST_REPAIRS:
            raise WrongError(f"nothing that messages say helps: {said}")
        deletable = _DELETABLE.search(message)
        if "--overwrite" in message:
            options = ["--overwrite"]
        elif deletable and (name := deletable[1] or _first_path(message)):
            _delete(site, Path(name))
        else:
            raise WrongError(f"cannot be resumed: {message}")
    if rubbish := site.rubbish():
        raise WrongError(f"left: {', '.join(rubbish)}")
    return said


def _first_path(message: str) -> str | None:
    found = re.search(r"/\S+", message)
    return found[0] if found else None


def _delete(site: Site, path: Path) -> None:
    if not path.is_relative_to(site.out):
        raise WrongError(f"{path} is to be deleted")
    path.unlink(missing_ok=True)


def _check_end(ended: Ended) -> None:
    """Check the exit code, and that there is a message of one line if it is not 0."""
    if ended.code is None:
        raise WrongError(f"hangs: {ended.stderr}")
    lines = [
        line
        for line in ended.stderr.splitlines()
        if not (_LOGGED.fullmatch(line) or _THREAD_WITHOUT_MEMORY.fullmatch(line))
    ]
    if ended.code == 0 and lines:
        raise WrongError(f"exit code 0, and says: {ended.stderr}")
    if ended.code != 0 and ended.code not in ERROR_CODES:
        raise WrongError(f"exit code {ended.code}: {ended.stderr}")
    if ended.code != 0 and not (len(lines) == 1 and _ERROR.fullmatch(lines[0])):
        raise WrongError(f"not one message: {ended.stderr}")
    if "Unexpected" in ended.stderr:
        raise WrongError(f"unexpected: {ended.stderr}")


def _check_files(site: Site, reference: dict[str, bytes], *, whole: bool) -> None:
    """Check that final files are those of the undisturbed run, all of them if it is ``whole``."""
    results = site.results()
    if odd := [name for name, content in results.items() if content != reference[name]]:
        raise WrongError(f"exit code {0 if whole else 'not 0'}, other bytes in {', '.join(odd)}")
    if whole and (missing := sorted(reference.keys() - results.keys())):
        raise WrongError(f"exit code 0 without {', '.join(missing)}")
    if site.inputs_changed():
        raise WrongError("inputs changed")
