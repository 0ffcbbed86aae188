"""What users do wrong: one sentence, the documented exit code, no traceback."""

import signal
import subprocess
import sys

import pytest

from tests import golden
from tests.assemblies import golden_chromosome, golden_contigs
from tests.run.test_annotate import program
from tests.waiting import PATIENCE_SECONDS, wait_for
from transgenic_dagster.cli import annotate
from transgenic_dagster.progress import SilentProgress


@pytest.fixture(autouse=True)
def _same_hook_afterwards(monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)


@pytest.fixture
def assembly(tmp_path):
    return golden_contigs(tmp_path)


def test_missing_and_wrong_files(assembly, tmp_path, monkeypatch, capsys):
    empty = tmp_path / "empty.fa"
    empty.touch()
    model = ("-m", golden.TINY_CHECKPOINT)
    monkeypatch.chdir(tmp_path)
    # This process is left as it is: a run of its own would take each case seconds to begin.
    monkeypatch.setattr(annotate, "begin", lambda *_, **__: SilentProgress())
    for exit_code, message, arguments in (
        (2, "absent.fa does not exist", ("absent.fa", assembly.gff, *model)),
        (2, "absent.gff3 does not exist", (assembly.fasta, "absent.gff3", *model)),
        (2, "empty.fa", (empty, assembly.gff, *model)),
        (2, "genome.fa", (assembly.fasta, assembly.fasta, *model)),
        (2, "genes.gff3", (assembly.gff, assembly.gff.with_name("genes.gff3"), *model)),
        (2, "does not exist; create it", (assembly.fasta, assembly.gff, *model, "-o", "no/x.gff3")),
        (2, "--max_length 4096", (assembly.fasta, assembly.gff, *model, "--max_length", 4096)),
        (3, "neither a folder", (assembly.fasta, assembly.gff, "-m", "./absent")),
        (3, "--offline forbids", (assembly.fasta, assembly.gff, "-m", "no/such", "--offline")),
        (3, "--device cuda:99", (assembly.fasta, assembly.gff, *model, "--device", "cuda:99")),
        (4, "has no config.json", (assembly.fasta, assembly.gff, "-m", tmp_path)),
    ):
        monkeypatch.setattr(sys, "argv", ["transgenic-annotate", *map(str, arguments)])
        assert annotate.main() == exit_code
        said = capsys.readouterr().err
        assert message in said
        assert "Traceback" not in said
        assert len([line for line in said.splitlines() if line.startswith("Error: ")]) == 1
        assert not list(tmp_path.glob("*.gff3.work/journal"))


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        (OSError(28, "No space left on device", "/out/x"), 5, "The disk is full (/out/x)"),
        (PermissionError(13, "Permission denied", "/out/x"), 5, "Permission denied (/out/x)"),
        (MemoryError(), 5, "memory is full"),
        (KeyError("what"), 5, "Unexpected KeyError"),
    ],
)
def test_errors_on_the_way_are_one_sentence(monkeypatch, capsys, error, exit_code, message):
    def fail(*_args, **_options):
        raise error

    monkeypatch.setattr(annotate, "_annotate", fail)
    monkeypatch.setattr(sys, "argv", ["transgenic-annotate", "a", "b"])
    assert annotate.main() == exit_code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert "--resume" in lines[0]


class FailsAtItsEnd:
    def __init__(self, error):
        self.error = error

    def __del__(self):
        raise self.error


def test_a_library_that_ends_without_memory_adds_nothing_to_the_error(monkeypatch, capsys):
    def fail(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr(annotate, "_annotate", fail)
    monkeypatch.setattr(sys, "argv", ["transgenic-annotate", "a", "b"])
    annotate.main()
    for error in (MemoryError(), KeyError("what")):
        FailsAtItsEnd(error)  # and it ends here
    said = capsys.readouterr().err
    assert "MemoryError" not in said
    assert "KeyError" in said


def test_verbose_adds_the_traceback(assembly, tmp_path):
    done = program("absent.fa", assembly.gff, "--verbose", cwd=tmp_path)
    assert "Traceback" in done.stderr
    assert done.returncode == 2


PROGRAM = "import sys; from transgenic_dagster.cli.annotate import main as c; sys.exit(c())"
STUCK = """
import hashlib
from transgenic_dagster.inference.engine import Engine

predict, units = Engine.predict, []

def predict_one_unit(*arguments, **options):
    if units:  # minutes inside one call, as in a large matrix product
        hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
    units.append(1)
    return predict(*arguments, **options)

Engine.predict = predict_one_unit
"""


def start(assembly, folder, *options, code=PROGRAM):
    arguments = [assembly.fasta, assembly.gff, "-o", "out.gff3", "-m", golden.TINY_CHECKPOINT]
    arguments += ["--max_length", 64, "--batch_size", 1, "--num_workers", 0, *options]
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_run_inside_a_long_call_and_it_resumes(tmp_path, number, exit_code):
    assembly = golden_chromosome(tmp_path, copies=3)
    process = start(assembly, tmp_path, code=STUCK + PROGRAM)
    journals = tmp_path / "out.gff3.work" / "journal"
    wait_for(lambda: any(file.stat().st_size for file in journals.glob("*")), "a unit", by=process)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == exit_code
    assert f"Interrupted ({number.name})" in stderr
    assert "--resume" in stderr
    resumed = start(assembly, tmp_path, "--resume")
    _, stderr = resumed.communicate()
    assert resumed.returncode == 0, stderr
    assert "9 in all" in stderr


def test_the_time_limit_stops_with_75_and_the_run_resumes(tmp_path):
    assembly = golden_chromosome(tmp_path, copies=3)
    process = start(assembly, tmp_path, "--time_limit", 1, code=STUCK + PROGRAM)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 75
    assert "Time limit reached" in stderr
    assert not (tmp_path / "out.gff3").exists()
    resumed = start(assembly, tmp_path, "--resume")
    _, stderr = resumed.communicate()
    assert resumed.returncode == 0, stderr
    assert "9 in all" in stderr
