"""All faults of a run, one after another, on several processors."""

import multiprocessing
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fault_injection.check import LIMITS, Case, Outcome, try_case
from tests.fault_injection.faults import KINDS, Fault, FileOperation
from tests.fault_injection.run import Site, warm_up

MEGABYTES = {"memory": 4, "start": 20}
"""Steps of the limits of memory; once everything is loaded, little is needed."""
_MOST_MEMORY = 2_000
INPUTS_ARE_YOUNG = 12.0
"""Seconds."""


@dataclass(frozen=True)
class Undisturbed:
    """A run without faults.

    Args:
        results: its final files.
        operations: how many it makes, by class.
    """

    results: dict[str, bytes]
    operations: dict[FileOperation, int]

    def count(self, kind: str) -> int:
        """Number of operations that a kind of fault can happen to."""
        return sum(self.operations[operation] for operation in KINDS[kind].operations)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder in memory where there is one, since runs sync their files often.

    Only the process that made it removes it, not the forks that happen to end.
    """
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="fault-injection-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def run_undisturbed(root: Path) -> Undisturbed:
    """Run once without a fault; later runs of forks start at once."""
    site = Site(root / "undisturbed")
    made = time.monotonic()
    warm_up(site)
    # Younger inputs are read once more at the end, which most runs to come do not do.
    time.sleep(max(0.0, INPUTS_ARE_YOUNG - (time.monotonic() - made)))
    fault = Fault.prepared(site.root)
    ended = site.run(fault=fault)
    assert ended.code == 0, ended
    assert not ended.stderr, ended
    assert not site.rubbish(), site.rubbish()
    operations = {operation: fault.by_class[operation] for operation in FileOperation}
    return Undisturbed(site.results(), operations)


def plan_cases(
    undisturbed: Undisturbed, kinds: Sequence[str], every: int, resumed: int
) -> list[Case]:
    """All cases of some kinds, or each so-many-th, and faults on resumed runs as a sample.

    Args:
        undisturbed: the run without faults.
        kinds: of faults; limits among them add no cases, since their number is not known.
        every: take one operation of so many.
        resumed: number of cases with a second fault.
    """
    cases = [
        Case(kind, number)
        for kind in kinds
        if kind not in LIMITS
        for number in range(1, undisturbed.count(kind) + 1, every)
    ]
    draw = random.Random(1)
    first = [kind for kind in kinds if kind not in LIMITS]
    for _ in range(resumed if first else 0):
        one, other = draw.choice(first), draw.choice(first)
        # Where the first run came far, the resumed one makes fewer operations than a whole one.
        cases.append(
            Case(
                one,
                draw.randint(1, undisturbed.count(one)),
                other,
                draw.randint(1, max(1, undisturbed.count(other) // 2)),
            )
        )
    return cases


def try_cases(
    root: Path, cases: Sequence[Case], undisturbed: Undisturbed, jobs: int
) -> Iterator[Outcome]:
    """Try cases in forks of this process, in any order."""
    with multiprocessing.get_context("fork").Pool(
        jobs, _have_site, (root, undisturbed.results)
    ) as pool:
        yield from pool.imap_unordered(_try, cases, chunksize=4)


def try_limit(root: Path, undisturbed: Undisturbed, kind: str) -> Iterator[Outcome]:
    """Give runs more and more memory, until one has enough."""
    _have_site(root, undisturbed.results)
    step = MEGABYTES[kind]
    for megabytes in range(step, _MOST_MEMORY, step):
        outcome = _try(Case(kind, megabytes))
        yield outcome
        if outcome.code == 0 and not outcome.message:  # nothing was left out
            return
    raise AssertionError(f"{_MOST_MEMORY} MB are not enough")


class _Here:
    """What a process has for its cases."""

    site: Site
    reference: dict[str, bytes]
    resumed: dict[str, list[str]]


def _have_site(root: Path, reference: dict[str, bytes]) -> None:
    _Here.site = Site(Path(tempfile.mkdtemp(prefix="site-", dir=root)))
    _Here.reference = reference
    _Here.resumed = {}


def _try(case: Case) -> Outcome:
    return try_case(_Here.site, case, _Here.reference, _Here.resumed)
