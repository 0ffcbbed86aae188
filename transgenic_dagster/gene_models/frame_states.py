"""What a reading frame must remember from one exon to the next: a small automaton over bases.

A state is the part of a codon that is open: nothing, or its bases as far as they can still become
a stop codon. Three more states stand for the start codon while it is being read.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from transgenic_dagster.gene_models.qc import START_CODON, STOP_CODONS

BASES: Final = "ACGTN"
"""Bases by their code."""

_OPEN: Final = ("", "N", "NN")
_BEFORE_STOP: Final = tuple(sorted({stop[:size] for stop in STOP_CODONS for size in (1, 2)}))
_IN_START: Final = tuple(f"^{START_CODON[:size]}" for size in range(3))
# Bases that cannot become a stop codon any more are written as N.
_NAMES: Final = (*_OPEN, *_BEFORE_STOP, *_IN_START)
_ENDED, _DEAD = "stop", "dead"

N_STATES: Final = len(_NAMES)
"""Number of states that a boundary inside the coding sequence can have."""

BETWEEN_CODONS: Final = _NAMES.index("")
BEFORE_START: Final = _NAMES.index(_IN_START[0])
"""The first of the states, the last ones of all, in which the start codon is not yet complete."""
ENDED: Final = N_STATES
"""The state right behind a stop codon."""
DEAD: Final = N_STATES + 1
"""The state of a path that broke a rule."""

STATE_OF_PHASE: Final = tuple(_NAMES.index("N" * (-phase % 3)) for phase in range(3))
"""States in which a coding sequence without its start begins, by phase."""

BASES_TO_CODON_END: Final = np.array(
    [3 - len(name.removeprefix("^")) if name else 0 for name in _NAMES]
)
"""Bases that each state lacks to the end of its codon; shape (N_STATES,)."""


def _next_name(name: str, base: str) -> str:
    """Return the state that one more base leads to."""
    if name in (_ENDED, _DEAD):
        return _DEAD
    codon = name.removeprefix("^") + base
    if name.startswith("^"):
        if codon == START_CODON:
            return ""
        return f"^{codon}" if START_CODON.startswith(codon) else _DEAD
    if len(codon) == 3:
        return _ENDED if codon in STOP_CODONS else ""
    return codon if codon in _BEFORE_STOP else "N" * len(codon)


def _transitions() -> npt.NDArray[np.int64]:
    names = [*_NAMES, _ENDED, _DEAD]
    return np.array([[names.index(_next_name(name, base)) for base in BASES] for name in names])


NEXT_STATE: Final = _transitions()
"""State after one more base; shape (N_STATES + 2, 5), indexed by state and code of the base."""
