"""Pieces: the parts of a genome that are predicted, and journaled, one at a time.

A chromosome is a piece of its own; smaller sequences are bundled by their regions in natural order,
so that 100,000 scaffolds are not 100,000 runs. A sequence without a region belongs to no piece, so
that none is empty.
"""

import hashlib
import re
from collections.abc import Mapping

from transgenic_dagster.sequences.natural_order import natural_key

MOST_PIECES = 16
"""Pieces of a genome with fewer chromosomes than that."""
FEWEST_REGIONS = 100
"""Regions that are worth a piece of their own where there are many sequences."""
_SHARE = 100
_MAX_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_BUNDLE_NAME = re.compile(r"unplaced-[0-9]+")


def assign_pieces(lengths: Mapping[str, int], regions: Mapping[str, int]) -> dict[str, str]:
    """Return the name of the piece of each sequence that has regions.

    Chromosomes come first, then the bundles ``unplaced-01``, ``unplaced-02``, …, both in natural
    order. A chromosome is a sequence of at least 1/100 of the genome; where that would be more than
    ``MOST_PIECES`` pieces, it also has ``FEWEST_REGIONS`` regions. Names are safe as file names
    and depend on the content of both mappings alone, not on its order.

    Args:
        lengths: length of each sequence (nt) by seqid.
        regions: number of regions by seqid; seqids of ``lengths``.

    Returns:
        Piece by seqid; the order of its distinct values is the order of the pieces.
    """
    genome_size = sum(lengths.values())
    in_order = sorted((seqid for seqid, count in regions.items() if count), key=natural_key)
    chromosomes = [seqid for seqid in in_order if lengths[seqid] * _SHARE >= genome_size]
    if len(chromosomes) + (len(chromosomes) < len(in_order)) > MOST_PIECES:
        chromosomes = [seqid for seqid in chromosomes if regions[seqid] >= FEWEST_REGIONS]
    pieces = {seqid: _file_name(seqid) for seqid in chromosomes}
    bundled = [seqid for seqid in in_order if seqid not in pieces]
    bundles = max(1, MOST_PIECES - len(chromosomes))
    size = max(FEWEST_REGIONS, -(-sum(regions[seqid] for seqid in bundled) // bundles))
    bundle, held = 1, 0
    for seqid in bundled:
        if held >= size:
            bundle, held = bundle + 1, 0
        pieces[seqid] = f"unplaced-{bundle:02d}"
        held += regions[seqid]
    return pieces


def _file_name(seqid: str) -> str:
    """Return a name for one sequence; a digest keeps any two sequences apart."""
    safe = _UNSAFE.sub("_", seqid)[:_MAX_NAME]
    unchanged = safe == seqid and not safe.startswith((".", "-")) and not _BUNDLE_NAME.match(safe)
    if unchanged:
        return safe
    return f"{safe.lstrip('.-')}-{hashlib.sha256(seqid.encode()).hexdigest()[:12]}"
