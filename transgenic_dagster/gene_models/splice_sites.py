"""How much the sequence around a splice site looks like one.

Log-odds (nats) of bases around true sites against those around other GT or AG within 60 nt of
them, measured on the 2,137 donors and 2,152 acceptors of Arabidopsis arenosa in the first 1 Mb of
its chromosomes 1 and 2 (GenBank LR999451.1, LR999452.1) and rounded. They say what is known of
plants in general: AG|GTAAG, and (T)n GCAG|G behind a stretch rich in T.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

_Weights = dict[int, tuple[float, float, float, float]]

_IN_INTRON = (0.0, 0.1, -0.5, 0.2)
_PYRIMIDINES = (-0.4, -0.2, -0.3, 0.5)

# For A, C, G and T, by the offset of the base from the boundary.
_DONOR: Final[_Weights] = {
    -3: (0.4, 0.5, 0.0, -1.2),
    -2: (0.9, -0.5, -0.8, -0.7),
    -1: (-1.2, -1.2, 1.5, -1.5),
    2: (1.3, -1.2, -0.5, -0.8),
    3: (0.8, -0.3, -1.1, -0.4),
    4: (-0.2, -0.8, 1.2, -0.6),
    **dict.fromkeys(range(5, 21), _IN_INTRON),
}
_ACCEPTOR: Final[_Weights] = {
    **dict.fromkeys(range(-18, -5), _PYRIMIDINES),
    -5: (-0.6, -0.4, -0.7, 0.7),
    -4: (-0.1, -0.8, 0.3, 0.1),
    -3: (-1.6, 1.2, -3.5, 0.5),
    0: (-0.4, -0.7, 1.1, -0.7),
}


def _scores(bases: npt.NDArray[np.int64], weights: _Weights) -> npt.NDArray[np.float64]:
    scores = np.zeros(len(bases) + 1)
    for offset, by_base in weights.items():
        of_base = np.array([*by_base, 0.0])[bases]
        if offset < 0:
            scores[-offset:] += of_base[: len(bases) + 1 + offset]
        else:
            scores[: len(bases) - offset] += of_base[offset:]
    return scores


def donor_scores(bases: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return how much each boundary looks like the start of an intron.

    Args:
        bases: codes of the bases (see ``frame_states.BASES``), along the strand; shape (length,).

    Returns:
        Log-odds in nats; shape (length + 1,). N, and what lies outside, counts 0.
    """
    return _scores(bases, _DONOR)


def acceptor_scores(bases: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return how much each boundary looks like the end of an intron; see ``donor_scores``."""
    return _scores(bases, _ACCEPTOR)
