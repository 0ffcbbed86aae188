"""A job that Slurm ends at its walltime is submitted again, and goes on where it stopped."""

import os
import re
import subprocess
from typing import Any

from tests.galaxy.jobs import DEMO_GENES, History, has_lines, wait_until
from tests.galaxy.renamed_tool import renamed_id
from tests.galaxy.slurm import DESTINATION
from tests.one_node_slurm import one_node_slurm

RESULTS = (
    *("rejects", "reject_output", "gsf_output", "proteins", "cds", "cdna", "gtf"),
    *("refinements", "changes", "check_submission"),
)
"""Further results of a run: all that do not say how long it took."""


def check_walltime(history: History) -> None:
    """A job that is too slow for its walltime gives, when submitted again, what another gives.

    It is too slow because it is stopped as soon as it has annotated some genes.
    """
    kept = history.galaxy.runs_folder()
    ended_before = set(kept.iterdir())
    with one_node_slurm(history.galaxy.slurm.folder) as environment:
        slow = history.run(renamed_id(DESTINATION), outputs=RESULTS)
        wait_until(lambda: set(kept.iterdir()) > ended_before, "keep its work")
        (run,) = set(kept.iterdir()) - ended_before
        wait_until(lambda: any(map(has_lines, run.glob("journal/*.jsonl"))), "write its journal")
        job = history.api.jobs.show_job(slow["jobs"][0]["id"], full_details=True)
        subprocess.run(
            ["scancel", "--full", "--signal=STOP", job["external_id"]],
            env=os.environ | environment,
            check=True,
        )
        quick = history.run(outputs=RESULTS)
        ended = history.job_of(slow)
    check_second_attempt(ended)
    check_equal(_contents(history, slow), _contents(history, quick))
    if left := set(kept.iterdir()) - ended_before:
        raise SystemExit(f"a run that ended well left {left}")


def check_second_attempt(job: dict[str, Any]) -> None:
    """A job has ended well in an attempt that did not begin with the first gene.

    Args:
        job: what Galaxy knows of it.
    """
    first = re.search(r"predicting (\d+)/", job["stderr"])
    if job["state"] != "ok" or first is None or first[1] == "0":
        raise SystemExit(f"a job that reached its walltime is {job['state']}: {job['stderr']}")


def check_equal(slow: dict[str, bytes], quick: dict[str, bytes]) -> None:
    """Two runs gave the same files, byte for byte, with the demo's genes in them.

    Args:
        slow: content by name of the output, of the run that reached its walltime.
        quick: of the one that did not.
    """
    different = [name for name in slow | quick if slow.get(name) != quick.get(name)]
    if different or quick["annotation"].count(b"\ttransgenic\tgene\t") != DEMO_GENES:
        raise SystemExit(f"a run that reached its walltime gave another {different}")


def _contents(history: History, started: dict[str, Any]) -> dict[str, bytes]:
    return {
        output["output_name"]: history.api.datasets.download_dataset(
            history.wait_for(output["id"])["id"]
        )
        for output in started["outputs"]
    }
