"""The files of the tracks: the genome as bgzip FASTA, annotations as sorted bgzip GFF3."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from transgenic_dagster.gene_models.gff3_writer import SOURCE
from transgenic_dagster.gene_models.indexed_gff3 import IndexedGff3
from transgenic_dagster.input_genes.gff3 import encode_attribute, encode_seqid, parse_attributes
from transgenic_dagster.jbrowse.configuration import GENOME, Track
from transgenic_dagster.jbrowse.name_index import NameIndex
from transgenic_dagster.sequences.fasta import Genome
from transgenic_dagster.system.bgzip import open_bgzip
from transgenic_dagster.system.output_files import read_output

_LINE: Final = 80
_BLOCK: Final = _LINE << 14
_STRANDS: Final = frozenset("+-")
_WHOLE_SEQUENCES: Final = frozenset(
    {"region", "chromosome", "contig", "scaffold", "supercontig", "chromosome_arm"}
)
_PARTS_OF_GENES: Final = frozenset({"exon", "intron"})


class _Row(NamedTuple):
    line: str
    kind: str
    identifier: str
    parent: str


def write_genome(genome: Genome, folder: Path) -> None:
    """Write the sequences, letters as in the user's file, and the indexes of the file."""
    import pysam  # only where it is needed

    path = folder / GENOME
    with open_bgzip(path) as output:
        for seqid, length in genome.lengths.items():
            if not length:
                continue  # nothing to show, and the index has no row for it
            output.write(f">{seqid}\n")
            for start in range(0, length, _BLOCK):
                block = genome.fetch(seqid, start, min(start + _BLOCK, length))
                for line in range(0, len(block), _LINE):
                    output.write(f"{block[line : line + _LINE]}\n")
    pysam.faidx(str(path))


def write_track(track: Track, lines: Iterable[str], folder: Path, names: NameIndex | None) -> None:
    """Write the annotation of a track and its index.

    Args:
        track: the track.
        lines: of GFF3, parents before their children.
        folder: where it belongs; a scratch file is in it for the time being.
        names: index that takes the names of its genes.
    """
    scratch = folder / "rows.gff3"
    rows = IndexedGff3(scratch)
    for line in lines:
        rows.write(line)
        if names:
            names.add(track.identifier, line)
    rows.finish(folder / track.file)
    scratch.unlink()


def input_rows(sorted_input: Iterable[str]) -> Iterator[str]:
    """Yield the lines of the input that show genes.

    JBrowse gives a line of its own to a row that covers a whole sequence, and to each exon and
    intron that hangs on a gene itself, beside those of its transcripts.

    Args:
        sorted_input: lines of the sorted annotation, children after their parents.
    """
    family: list[_Row] = []
    for line in sorted_input:
        if line.startswith("#"):
            yield line
            continue
        columns = line.split("\t")
        attributes = parse_attributes(columns[8].rstrip("\n"))
        row = _Row(line, columns[2], attributes.get("ID", ""), attributes.get("Parent", ""))
        if not row.parent:
            yield from _shown(family)
            family = []
        family.append(row)
    yield from _shown(family)


def _shown(family: Sequence[_Row]) -> Iterator[str]:
    """Yield the lines of a row and its descendants that show genes."""
    if not family:
        return
    first, *descendants = family
    if first.kind not in _WHOLE_SEQUENCES:
        yield first.line
    has_transcripts = any(row.parent != first.identifier for row in descendants)
    for row in descendants:
        hangs_on_gene = row.parent == first.identifier and row.kind in _PARTS_OF_GENES
        if not (has_transcripts and hangs_on_gene):
            yield row.line


def reject_rows(rejects: Path) -> Iterator[str]:
    """Yield a row of GFF3 for each line of a reject report that has a place on a sequence."""
    yield "##gff-version 3\n"
    with read_output(rejects) as lines:
        for line in lines:
            reject = json.loads(line)
            start, end = reject["gene_start"], reject["gene_end"]
            if reject["chrom"] is None or start is None or end is None or start >= end:
                continue
            strand = reject["strand"] if reject["strand"] in _STRANDS else "."
            transcript = {"transcript": reject["transcript"]} if reject["transcript"] else {}
            values = {
                "Name": reject["gm_id"] or reject["reason"],
                "Note": reject["error"],
                "reason": reject["reason"],
                **transcript,
            }
            attributes = ";".join(f"{k}={encode_attribute(str(v))}" for k, v in values.items())
            place = (
                f"{encode_seqid(reject['chrom'])}\t{SOURCE}\tsequence_feature\t{start + 1}\t{end}"
            )
            yield f"{place}\t.\t{strand}\t.\t{attributes}\n"
