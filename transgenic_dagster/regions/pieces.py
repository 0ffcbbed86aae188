"""Pieces: the parts of a genome that are predicted, and journaled, one at a time.

A sequence of at least 1/100 of the genome is a piece of its own; smaller ones are bundled in
natural order, so that 100,000 scaffolds are not 100,000 runs.
"""

import hashlib
import re
from collections.abc import Mapping

from transgenic_dagster.sequences.natural_order import natural_key

_SHARE = 100
_MAX_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_BUNDLE_NAME = re.compile(r"unplaced-[0-9]+")


def assign_pieces(lengths: Mapping[str, int]) -> dict[str, str]:
    """Return the name of the piece of each sequence.

    Large sequences come first, then the bundles ``unplaced-001``, ``unplaced-002``, …, both in
    natural order; a bundle is closed once it holds 1/100 of the genome. Names are safe as file
    names, differ even where case does not count, and depend on ``lengths`` alone, not on its order.

    Args:
        lengths: length of each sequence (nt) by seqid.

    Returns:
        Piece by seqid; the order of its distinct values is the order of the pieces.
    """
    genome_size = sum(lengths.values())
    in_order = sorted(lengths, key=natural_key)
    pieces = {
        seqid: _file_name(seqid) for seqid in in_order if lengths[seqid] * _SHARE >= genome_size
    }
    bundle, bundle_size = 1, 0
    for seqid in in_order:
        if seqid in pieces:
            continue
        pieces[seqid] = f"unplaced-{bundle:03d}"
        bundle_size += lengths[seqid]
        if bundle_size * _SHARE >= genome_size:
            bundle, bundle_size = bundle + 1, 0
    return pieces


def _file_name(seqid: str) -> str:
    """Return a name for one sequence; a digest keeps any two sequences apart."""
    safe = _UNSAFE.sub("_", seqid)[:_MAX_NAME]
    unchanged = safe == seqid and not safe.startswith((".", "-")) and not _BUNDLE_NAME.match(safe)
    if unchanged:
        return safe
    return f"{safe.lstrip('.-')}-{hashlib.sha256(seqid.encode()).hexdigest()[:12]}"
