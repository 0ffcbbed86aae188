"""minimap2, as the program or as the Python package mappy: aligns DNA, also across introns.

The program comes first: it uses all cores, and can be asked for copies that score less.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Protocol

from transgenic_dagster.errors import MissingOnMachineError, RunError
from transgenic_dagster.system.processors import granted_processors

_PROGRAM = "minimap2"
_SPLICED, _UNSPLICED = "splice", "map-ont"
"""Presets: across introns of any length; base by base, for DNA that differs by some per cent."""
_MOST_PLACES = 20
"""Alignments of a query that are told beside its best."""
_SHARE_OF_BEST = 0.5
"""Share of the best one's score that they need, by their seeds; mappy wants 0.8."""


class Hit(NamedTuple):
    """An alignment of a query to a target; coordinates 0-based half-open, on forward strands.

    Args:
        query: number of the query.
        query_start: where the alignment starts in it.
        query_end: where it ends.
        forward: whether both have the same orientation.
        target: number of the target.
        start: where the alignment starts in it.
        end: where it ends.
        matches: bases that are equal.
        length: bases of the alignment, gaps included, introns not.
    """

    query: int
    query_start: int
    query_end: int
    forward: bool
    target: int
    start: int
    end: int
    matches: int
    length: int


class Aligner(Protocol):
    """Form of minimap2 that is on this machine."""

    @property
    def version(self) -> str:
        """Which one it is; another may give other alignments."""

    def align(self, targets: Path, queries: Path, *, spliced: bool) -> Iterator[Hit]:
        """Yield the alignments of all queries, in their order; the same at every call.

        Args:
            targets: FASTA file; names are numbers.
            queries: likewise.
            spliced: whether introns of the targets are not in the queries.

        Raises:
            RunError: minimap2 failed.
        """


def find_aligner() -> Aligner:
    """Find minimap2 on the PATH, else mappy.

    Raises:
        MissingOnMachineError: neither is there.
    """
    if program := shutil.which(_PROGRAM):
        return Minimap2(program)
    if find_spec("mappy"):
        return Mappy()
    raise MissingOnMachineError(
        "--lift_from needs minimap2, which is not on the PATH: install it (conda install -c "
        "bioconda minimap2, or apt install minimap2), or the Python package mappy (pip install "
        "'transgenic-dagster[lift]')."
    )


class Mappy:
    """minimap2 as a Python package; it aligns on one core."""

    @property
    def version(self) -> str:
        """See ``Aligner``."""
        import mappy

        return f"mappy {mappy.__version__}"

    def align(self, targets: Path, queries: Path, *, spliced: bool) -> Iterator[Hit]:
        """See ``Aligner``."""
        import mappy

        preset = _SPLICED if spliced else _UNSPLICED
        index = mappy.Aligner(
            str(targets), preset=preset, best_n=_MOST_PLACES, n_threads=granted_processors()
        )
        if not index:
            raise RunError(f"mappy cannot index {targets}.")
        for name, dna, _ in mappy.fastx_read(str(queries)):
            for found in index.map(dna):
                yield Hit(
                    int(name),
                    found.q_st,
                    found.q_en,
                    found.strand > 0,
                    int(found.ctg),
                    found.r_st,
                    found.r_en,
                    found.mlen,
                    found.blen,
                )


class Minimap2:
    """minimap2 as a program; it aligns on all cores.

    Args:
        program: its path.
    """

    def __init__(self, program: str) -> None:
        self._program = program

    @property
    def version(self) -> str:
        """See ``Aligner``."""
        done = subprocess.run(
            [self._program, "--version"], capture_output=True, text=True, check=False
        )
        return f"{_PROGRAM} {done.stdout.strip()}"

    def align(self, targets: Path, queries: Path, *, spliced: bool) -> Iterator[Hit]:
        """See ``Aligner``."""
        # -I: one index for all targets; -c: base by base.
        preset = _SPLICED if spliced else _UNSPLICED
        options = ["-x", preset, "-c", "-I", "1T", "-t", str(granted_processors())]
        places = ["-N", str(_MOST_PLACES), "-p", str(_SHARE_OF_BEST)]
        command = [self._program, *options, *places, str(targets), str(queries)]
        with (
            tempfile.TemporaryFile("w+", errors="replace") as messages,
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=messages,
                text=True,
            ) as running,
        ):
            try:
                yield from map(_hit, running.stdout or ())
            except BaseException:  # nobody reads on
                running.kill()
                raise
            if running.wait():
                messages.seek(0)
                last = messages.read().strip().rpartition("\n")[2]
                raise RunError(
                    f"{_PROGRAM} ended with exit code {running.returncode}: {last[:300]}"
                )


def _hit(line: str) -> Hit:
    """Read a row of PAF, the format of minimap2."""
    query, _, first, last, strand, target, _, start, end, matches, length = line.split("\t")[:11]
    return Hit(
        int(query),
        int(first),
        int(last),
        strand == "+",
        int(target),
        int(start),
        int(end),
        int(matches),
        int(length),
    )
