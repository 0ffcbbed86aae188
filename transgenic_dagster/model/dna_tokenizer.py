"""DNA to the encoder's ids: A 7, C 8, G 9, T 10, everything else N 11.

No begin or separator token is added: a window of L letters is L ids.
"""

import numpy as np
import torch

from transgenic_dagster.checkpoint.config_values import DNA_IDS

UNKNOWN_DNA_ID = DNA_IDS - 1
"""Id of N, the largest there is."""
_IDS = np.full(256, UNKNOWN_DNA_ID, dtype=np.uint8)
for _letter, _id in zip("ACGT", (7, 8, 9, 10), strict=True):
    _IDS[ord(_letter)] = _id
    _IDS[ord(_letter.lower())] = _id


def encode_dna(sequence: str) -> torch.Tensor:
    """Turn a DNA sequence into ids.

    Args:
        sequence: letters of any case; soft-masked letters count as what they are, every letter
            outside ACGT as N.

    Returns:
        ids, (L,), uint8.
    """
    letters = np.frombuffer(sequence.encode("ascii", errors="replace"), dtype=np.uint8)
    return torch.from_numpy(_IDS[letters])
