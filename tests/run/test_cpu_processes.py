"""Whole runs whose cores are shared out among processes."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import golden
from tests.assemblies import golden_chromosome
from tests.cli.test_errors import PROGRAM
from tests.run.test_annotate import results, run
from tests.waiting import PATIENCE_SECONDS, wait_for
from transgenic_dagster.inference import core_split, worker_pool
from transgenic_dagster.inference import device as machine

MAIN, MODEL, PREDICTING = 1, 1, 2


def processes_of_session(leader):
    """Process ids of a session, ended ones left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_all_processes_end_with_the_run(tmp_path, number, exit_code):
    assembly = golden_chromosome(tmp_path, copies=20)
    arguments = [assembly.fasta, assembly.gff, "-m", golden.TINY_CHECKPOINT, "--batch_size", 1]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, [*arguments, "--device", "cpu,cpu"])],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    all_of_them = MAIN + MODEL + PREDICTING
    wait_for(lambda: len(processes_of_session(process.pid)) >= all_of_them, "processes", by=process)
    process.send_signal(number)
    assert process.wait(timeout=PATIENCE_SECONDS) == exit_code
    wait_for(lambda: not processes_of_session(process.pid), "the end of all processes")


def test_cores_that_are_split_leave_the_same_bytes(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # there are fewer cores than threads
    assembly = golden_chromosome(tmp_path, copies=6)
    for cores in (1, 10):
        monkeypatch.setattr(machine, "usable_cores", lambda cores=cores: cores)
        monkeypatch.setattr(worker_pool, "usable_cores", lambda cores=cores: cores)
        folder = tmp_path / str(cores)
        folder.mkdir()
        with caplog.at_level("INFO"):
            run(assembly, folder, batch_size=1, gsf_output=folder / "gsf.tsv", max_length=16)
        assert ("10 cores predict in" in caplog.text) is (cores > core_split.MANY_CORES)
    assert results(tmp_path / "1") == results(tmp_path / "10")
