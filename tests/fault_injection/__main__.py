"""Let every file operation of a small run go wrong in turn, resume, and compare the results.

    python -m tests.fault_injection [--every K] [--kinds kill,eio,…] [--resumed N]

The run is the real ``transgenic-annotate`` on a cut of the demo assembly. Afterwards it must have
ended with the bytes of an undisturbed run, or with one message and a documented exit code; the
same run resumed must end with those bytes, leave nothing else and change no input. The kind
``start`` limits the memory (RLIMIT_DATA) in steps of 20 MB from too little to enough, ``memory``
that of a process which has loaded everything, in steps of 4 MB. Exits with 1 where something went
wrong, with 77 where there is no C compiler.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import chain
from pathlib import Path

from tests.fault_injection.check import LIMITS, Case, Outcome
from tests.fault_injection.faults import KINDS, NEVER_REACHED, build_shim, compiler
from tests.fault_injection.scan import (
    plan_cases,
    run_undisturbed,
    scratch_folder,
    try_cases,
    try_limit,
)

_LOADED = "TRANSGENIC_TEST_SHIM"
_SKIPPED = 77
MOST_UNREACHED = 0.05
"""Share of cases: a run has now and then an operation less than the one without a fault."""


def main() -> int:
    """Run the scan."""
    arguments = _parse()
    if not compiler():
        print("skipped: there is no C compiler (cc or gcc)")
        return _SKIPPED
    if _LOADED not in os.environ:
        return _start_with_shim()
    began = time.monotonic()
    counts, wrong, repairs = Counter[str](), list[Outcome](), Counter[str]()
    unreached = 0
    with scratch_folder() as root:
        undisturbed = run_undisturbed(root)
        if arguments.case:
            kind, number, *again = arguments.case.split(":")
            second = (again[0], int(again[1])) if again else ()
            outcomes = try_cases(root, [Case(kind, int(number), *second)], undisturbed, 1)
        else:
            cases = plan_cases(undisturbed, arguments.kinds, arguments.every, arguments.resumed)
            outcomes = try_cases(root, cases, undisturbed, arguments.jobs)
            for limit in LIMITS:
                if limit in arguments.kinds:
                    outcomes = chain(outcomes, try_limit(root, undisturbed, limit))
        for outcome in outcomes:
            case = outcome.case
            kind = "second fault on resume" if case.kind_on_resume else case.kind
            counts[kind] += 1
            repairs.update(outcome.repairs)
            unreached += outcome.where == NEVER_REACHED
            if arguments.verbose or arguments.case:
                print(case, outcome.where, outcome.code, outcome.message, sep=" | ", flush=True)
            if outcome.wrong:
                wrong.append(outcome)
                print(f"WRONG {case}, {outcome.where}: {outcome.wrong}", flush=True)
    for kind, count in counts.items():
        print(f"{kind}: {count} cases")
    for message, count in repairs.items():
        print(f"{count} times, instead of resuming: {message}")
    if unreached:
        print(f"{unreached} times the operation was never reached")
    if unreached > MOST_UNREACHED * counts.total() + 1:
        print("WRONG: too many are never reached: runs differ, or the shim fails")
        return 1
    print(f"{len(wrong)} of {counts.total()} wrong, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    kinds = (*KINDS, *LIMITS)
    parser.add_argument("--every", type=int, default=1, help="one operation of so many")
    parser.add_argument(
        "--kinds", type=lambda text: text.split(","), default=list(kinds), help=",".join(kinds)
    )
    parser.add_argument("--resumed", type=int, default=100, help="cases with a second fault")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--case", help="one case again: KIND:NUMBER or KIND:NUMBER:KIND:NUMBER")
    parser.add_argument("--verbose", action="store_true", help="name every case")
    return parser.parse_args()


def _start_with_shim() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "LD_PRELOAD": str(build_shim(Path(folder))),
            "OMP_NUM_THREADS": "1",
            _LOADED: "1",
        }
        command = [sys.executable, "-m", "tests.fault_injection", *sys.argv[1:]]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
