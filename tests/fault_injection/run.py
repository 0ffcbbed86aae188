"""One small run of ``transgenic-annotate`` in a forked process, which is warm from the start."""

import atexit
import gc
import hashlib
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.assemblies import write_fasta
from tests.fault_injection.faults import Fault
from transgenic_dagster.cli.annotate import main
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly

RESULTS = ("out.gff3", "out.gff3.rejects.txt", "gsf.tsv", "moves.tsv", "proteins.fa")
SUMMARY = "out.gff3.ckpt.json"
GENOME, GENES, MODEL = "in/genome.fa", "in/genes.gff3", "in/model"
SECONDS = 300
"""No run takes so long, on the busiest machine: it hangs."""
_MEMORY_BUDGET = re.compile(rb'"memory_budget": \d+')
_PROGRAM = "import sys; from transgenic_dagster.cli.annotate import main; sys.exit(main())"
_FIRST_BASES = 10_000


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Args:
        code: exit code, negative for a signal; None for a run that hung.
        stderr: what it said.
    """

    code: int | None
    stderr: str


class Site:
    """A folder with the inputs of a run, and a folder for its outputs.

    Paths are given relative to it, so that results are the same at every site.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.out = self.root / "out"
        (self.root / "in").mkdir(parents=True)
        assembly = write_assembly(self.root / "demo")
        first, *others = list(assembly.sequences)[:1] + list(assembly.sequences)[-2:]
        sequences = {name: assembly.sequences[name] for name in others}
        sequences |= {first: assembly.sequences[first][:_FIRST_BASES]}
        write_fasta(self.root / GENOME, sequences)
        rows = assembly.genes_gff3.read_text().splitlines(keepends=True)
        kept = [row for row in rows if row.startswith("##gff") or _is_near(row, sequences)]
        (self.root / GENES).write_text("".join(kept))
        shutil.copytree(demo_checkpoint(), self.root / MODEL)
        shutil.rmtree(self.root / "demo")
        self._inputs = self._digest_inputs()
        self.clear()

    def clear(self) -> None:
        """Remove all outputs."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()

    def run(
        self,
        *options: str,
        fault: Fault | None = None,
        limit: Callable[[], None] = lambda: None,
    ) -> Ended:
        """Run the program with a fault, or in memory that ``limit`` limits."""
        stderr = self.root.with_name(f"{self.root.name}.stderr")  # where nothing fails
        child = os.fork()
        if not child:
            _become_the_program(self.root, stderr, options, fault, limit)
        return Ended(_wait(child), stderr.read_text(errors="replace"))

    def start(self, *options: str, megabytes: int) -> Ended:
        """Run the program in a new process whose private memory is limited (RLIMIT_DATA)."""
        most = megabytes << 20
        try:
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, *_arguments()[1:], *options],
                cwd=self.root,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most)),
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as hung:
            return Ended(None, (hung.stderr or b"").decode())
        return Ended(done.returncode, done.stderr)

    def results(self) -> dict[str, bytes]:
        """The final files that are there."""
        return {name: (self.out / name).read_bytes() for name in RESULTS if self._has(name)}

    def rubbish(self) -> list[str]:
        """Names of what is there and is no final file."""
        return sorted({path.name for path in self.out.iterdir()} - {*RESULTS, SUMMARY})

    def state(self) -> str:
        """Digest of all outputs, finished and unfinished, whatever the process that made them."""
        digest = hashlib.sha256()
        for path in sorted(self.out.rglob("*"), key=_name_without_process):
            digest.update(_name_without_process(path).encode() + b"\0")
            if path.is_file():
                content = path.read_bytes().replace(bytes(self.root), b"")
                content = _MEMORY_BUDGET.sub(b"", content)
                if path.suffix in {".duckdb", ".partial"} and content[8:12] == b"DUCK":
                    content = content[8:124] + content[140:]  # its random name, and a checksum
                digest.update(b"%d\0" % len(content) + content)
        return digest.hexdigest()

    def inputs_changed(self) -> bool:
        """Whether a byte or a name of the inputs is another one."""
        return self._digest_inputs() != self._inputs

    def _has(self, name: str) -> bool:
        return (self.out / name).exists()

    def _digest_inputs(self) -> dict[str, str]:
        files = sorted(path for path in (self.root / "in").rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _name_without_process(path: Path) -> str:
    return re.sub(r"\.\d+@[^/]+\.[0-9a-f]{8}\.", ".", str(path))


def _is_near(row: str, sequences: dict[str, str]) -> bool:
    columns = row.split("\t")
    if len(columns) < 9:
        return False
    # A gene without its sequence is skipped, and its rows are kept.
    seqid, end = columns[0], int(columns[4])
    return seqid.startswith("scaffold") or (seqid in sequences and end < 1_000)


def _arguments() -> list[str]:
    return [
        *("transgenic-annotate", GENOME, GENES, "--output", "out/out.gff3", "--keep_input"),
        *("--gsf_output", "out/gsf.tsv", "--refinements", "out/moves.tsv"),
        *("--proteins", "out/proteins.fa", "--model", MODEL, "--device", "cpu"),
        *("--num_workers", "0", "--batch_size", "1", "--num_beams", "1", "--quiet"),
    ]


def _become_the_program(
    folder: Path,
    stderr: Path,
    options: tuple[str, ...],
    fault: Fault | None,
    limit: Callable[[], None],
) -> None:
    """Run the program in this process, which ends with it."""
    code = 70
    atexit._clear()  # what the parent wants to be done at its own end
    try:
        descriptor = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.chdir(folder)
        sys.argv = [*_arguments(), *options]
        limit()
        if fault:
            fault.arm()
        code = main()
        atexit._run_exitfuncs()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(child: int) -> int | None:
    descriptor = os.pidfd_open(child)
    hangs = not select.select([descriptor], [], [], SECONDS)[0]
    os.close(descriptor)
    if hangs:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return None if hangs else os.waitstatus_to_exitcode(status)


def warm_up(site: Site) -> None:
    """Run once in this process, without a fault, so that its forks have nothing to load.

    Raises:
        RuntimeError: threads are left, which forks would lack.
    """
    from transgenic_dagster.cli.annotate_parser import annotate_parser
    from transgenic_dagster.progress import SilentProgress
    from transgenic_dagster.run.annotate import annotate
    from transgenic_dagster.run.given_options import parse_options

    re._MAXCACHE = 10_000  # transformers compiles a thousand patterns for each model it loads
    values = vars(annotate_parser().parse_args(_arguments()[1:]))
    del values["quiet"]
    before = Path.cwd()
    os.chdir(site.root)
    annotate(parse_options(values), SilentProgress())
    os.chdir(before)
    site.clear()
    gc.collect()
    gc.freeze()
    if len(threads := list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError(f"{len(threads)} threads")


def limit_data(megabytes: int) -> Callable[[], None]:
    """Limit the private memory (RLIMIT_DATA) that a process may take beyond what it has."""

    def limit() -> None:
        status = Path("/proc/self/status").read_text()
        (now,) = (int(line.split()[1]) for line in status.splitlines() if "VmData:" in line)
        bytes_allowed = (now << 10) + (megabytes << 20)
        resource.setrlimit(resource.RLIMIT_DATA, (bytes_allowed, bytes_allowed))

    return limit
