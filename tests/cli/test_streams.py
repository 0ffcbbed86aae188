"""Runs whose standard streams cannot be written: they end as they should all the same."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import golden
from tests.assemblies import golden_chromosome
from tests.cli.test_errors import PROGRAM, STUCK
from tests.run.test_annotate import program
from tests.waiting import PATIENCE_SECONDS, wait_for

ENDINGS = [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129), (None, 75)]


def start(assembly, folder, *options, stderr, code=PROGRAM, before=None):
    arguments = [assembly.fasta, assembly.gff, "-o", "out.gff3", "-m", golden.TINY_CHECKPOINT]
    arguments += ["--max_length", 6, "--batch_size", 1, "--num_workers", 0, *options]
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        preexec_fn=before,  # noqa: PLW1509  # no threads here
    )


def full_device():
    return os.open("/dev/full", os.O_WRONLY)


def broken_pipe():
    read_end, write_end = os.pipe()
    os.close(read_end)
    return write_end


def pipe_that_nobody_reads():
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    os.set_inheritable(read_end, True)  # it stays open in this process
    return write_end


def default_hangup():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, under which tests may run, ignores it


def nothing():
    return None


def close_stderr():
    default_hangup()
    os.close(2)


@pytest.mark.parametrize(("number", "exit_code"), ENDINGS)
@pytest.mark.parametrize("stream", [full_device, broken_pipe, nothing])
def test_a_run_is_ended_though_nobody_can_be_told(tmp_path, stream, number, exit_code):
    assembly = golden_chromosome(tmp_path)
    limit = ["--time_limit", 1] if number is None else []
    stderr = stream()
    process = start(
        assembly,
        tmp_path,
        *limit,
        stderr=stderr,
        code=STUCK + PROGRAM,
        before=close_stderr if stderr is None else default_hangup,
    )
    if stderr is not None:
        os.close(stderr)
    journals = tmp_path / "out.gff3.work" / "journal"
    if number is not None:
        wait_for(lambda: any(f.stat().st_size for f in journals.glob("*")), "a unit", by=process)
        process.send_signal(number)
    assert process.wait(timeout=PATIENCE_SECONDS) == exit_code
    left = {path.name for path in tmp_path.iterdir()} - {"out.gff3.work", "out.gff3.ckpt.json"}
    assert left == {"genome.fa", "genes.gff3"}  # no lock files


@pytest.mark.parametrize("stream", [full_device, broken_pipe, nothing])
def test_a_run_whose_messages_are_lost_ends_well(tmp_path, stream):
    assembly = golden_chromosome(tmp_path)
    stderr = stream()
    before = close_stderr if stderr is None else None
    process = start(assembly, tmp_path, stderr=stderr, before=before)
    assert process.wait(timeout=PATIENCE_SECONDS) == 0
    assert (tmp_path / "out.gff3").exists()


def test_an_error_that_cannot_be_told_keeps_its_code(tmp_path):
    assembly = golden_chromosome(tmp_path)
    process = start(assembly, tmp_path, "--max_length", 9999, stderr=full_device())
    assert process.wait(timeout=PATIENCE_SECONDS) == 2


def test_a_hangup_that_is_ignored_stays_ignored(tmp_path):
    assembly = golden_chromosome(tmp_path)
    process = start(
        assembly,
        tmp_path,
        stderr=subprocess.DEVNULL,
        before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    wait_for((tmp_path / "out.gff3.work").exists, "the run", by=process)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=PATIENCE_SECONDS) == 0


@pytest.mark.parametrize(("stream", "exit_code"), [(broken_pipe, 141), (full_device, 5)])
def test_a_plan_that_cannot_be_written_has_a_code_of_its_own(tmp_path, stream, exit_code):
    assembly = golden_chromosome(tmp_path)
    arguments = [assembly.fasta, assembly.gff, "-m", golden.TINY_CHECKPOINT, "--plan"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        cwd=tmp_path,
        stdout=stream(),
        stderr=subprocess.PIPE,
        text=True,
    )
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == exit_code
    assert "Traceback" not in stderr


@pytest.mark.parametrize("shared", ["--proteins", "--gsf_output", "--checkpoint_path", "-o"])
def test_two_runs_never_write_the_same_file(tmp_path, shared):
    assembly = golden_chromosome(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    process = start(
        assembly, tmp_path, shared, "shared", stderr=subprocess.DEVNULL, code=STUCK + PROGRAM
    )
    try:
        wait_for((tmp_path / ".shared.lock").exists, "the lock", by=process)
        second = program(
            *(assembly.fasta, assembly.gff, "-o", "second.gff3", "-m", golden.TINY_CHECKPOINT),
            *("--work_folder", "second", shared, Path("link") / "shared"),
            cwd=tmp_path,
        )
        assert second.returncode == 2
        # Beside -o, its reject report is shared, too; either may be met first.
        assert second.stderr.startswith("Error: Another process is going to write link/shared")
        assert second.stderr.endswith("; wait for it or choose another name.\n")
        assert not (tmp_path / "second").exists()
    finally:
        process.kill()
        process.wait()
