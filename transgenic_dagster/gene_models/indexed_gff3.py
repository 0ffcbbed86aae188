"""A GFF3 sorted by position, as bgzip, with an index (CSI) by which programs look up a region.

Within a sequence rows come by start, the longer first; rows of one place in the order of the
annotation, so that parents stay before their children. Control characters, which rows of the input
may hold against the specification, are percent-encoded, or htslib takes the file for no text. CSI
has no limit on the length of a sequence, where its predecessor TBI ends at 512 Mb.
"""

from array import array
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from transgenic_dagster.gene_models.text_sink import whole_lines
from transgenic_dagster.input_genes.gff3 import encode_control_characters
from transgenic_dagster.system.bgzip import open_bgzip

_CLOSING = "###"
INDEX_SUFFIX: Final = ".csi"


def index_path(gff3: Path) -> Path:
    """File of the index that belongs to a sorted annotation."""
    return gff3.with_name(gff3.name + INDEX_SUFFIX)


class IndexedGff3:
    """Collects the lines of an annotation in a scratch file; a sink.

    Args:
        scratch: file to make; whoever asks for it removes it.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch: TextIO = scratch.open("w+", encoding="utf-8", newline="\n")
        self._sequences: dict[str, int] = {}
        self._offset = 0
        self._sequence, self._start, self._end, self._place = (array("q") for _ in range(4))

    def write(self, text: str) -> None:
        """Take whole lines of GFF3."""
        for line in map(encode_control_characters, whole_lines(text)):
            if line.startswith("#"):
                if line.startswith(_CLOSING):
                    continue  # rows of a gene are no longer together
                key = -1, 0, 0
            else:
                seqid, _, _, start, end, _ = line.split("\t", 5)
                number = self._sequences.setdefault(seqid, len(self._sequences))
                key = number, int(start), int(end)
            for column, value in zip((self._sequence, self._start, self._end), key, strict=True):
                column.append(value)
            self._place.append(self._offset)
            self._offset += len(line.encode()) + 1
            self._scratch.write(line + "\n")

    def finish(self, path: Path) -> None:
        """Write the sorted annotation to ``path``, which ends in ``.gz``, and its index beside."""
        import pysam  # only where it is needed

        starts, ends = np.frombuffer(self._start, np.int64), np.frombuffer(self._end, np.int64)
        order = np.lexsort((-ends, starts, np.frombuffer(self._sequence, np.int64)))
        places = np.frombuffer(self._place, np.int64)[order]
        self._scratch.flush()
        with self._scratch, open_bgzip(path) as output:
            lines = self._scratch.buffer
            for place in places.tolist():
                lines.seek(place)
                output.write(lines.readline().decode())
        pysam.tabix_index(str(path), preset="gff", csi=True, force=True, keep_original=True)
