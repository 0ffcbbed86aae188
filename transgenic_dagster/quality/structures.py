"""Figures of the gene models in an annotation, read back from its GFF3."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from transgenic_dagster.gene_models.completed_rows import CompletedRows
from transgenic_dagster.gene_models.gff3_writer import GENE, MRNA, SOURCE
from transgenic_dagster.gsf.features import CDS
from transgenic_dagster.input_genes.gff3 import decode
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.system.output_files import read_output


@dataclass
class Structures:
    """Counts of predicted genes and transcripts.

    Args:
        genes: predicted genes.
        transcripts: their transcripts.
        complete: transcripts with start codon, stop codon and no stop codon between.
        with_stops: transcripts with a stop codon inside their frame.
        overlapping: genes that share a base with the input gene that they stand for.
        repeated: genes whose lengths of CDS parts, in order, are those of another gene too.
        confidence: mean over transcripts, from 0 to 1; None where there is none.
    """

    genes: int = 0
    transcripts: int = 0
    complete: int = 0
    with_stops: int = 0
    overlapping: int = 0
    repeated: int = 0
    confidence: float | None = None


@dataclass
class _Transcript:
    gene: str
    parts: list[tuple[int, int]] = field(default_factory=list)


def read_structures(gff3: Path, region_db: Path, completes: Path | None = None) -> Structures:
    """Read the figures of an annotation.

    Args:
        gff3: final annotation.
        region_db: region database of the run, with the genes of the input.
        completes: the input as the run sorted it, where the annotation completes it: its rows are
            left out.
    """
    with RegionDb(region_db) as database:
        inputs = {r.gene_id: (r.seqid, r.gene_start, r.gene_end) for r in database.regions()}
    figures, confidences = Structures(), list[float]()
    transcripts: dict[str, _Transcript] = {}
    for line in _rows(gff3, completes):
        columns = line.rstrip("\n").split("\t")
        if columns[1] != SOURCE:
            continue
        attributes = dict(pair.partition("=")[::2] for pair in columns[8].split(";"))
        start, end = int(columns[3]) - 1, int(columns[4])
        if columns[2] == GENE:
            figures.genes += 1
            name = decode(attributes.get("GM", attributes.get("gm", "")))
            seqid, gene_start, gene_end = inputs.get(name, ("", 0, 0))
            figures.overlapping += (
                decode(columns[0]) == seqid and start < gene_end and gene_start < end
            )
        elif columns[2] == MRNA:
            figures.transcripts += 1
            stops = int(attributes["inframe_stops"])
            ends = attributes["start_codon"], attributes["stop_codon"]
            figures.with_stops += stops > 0
            figures.complete += ends == ("1", "1") and not stops
            confidences.append(float(attributes["confidence"]))
            transcripts[attributes["ID"]] = _Transcript(attributes["Parent"])
        elif columns[2] == CDS:
            transcripts[attributes["Parent"]].parts.append((start, end))
    figures.repeated = _repeated(transcripts.values())
    if confidences:
        figures.confidence = round(sum(confidences) / len(confidences), 4)
    return figures


def _rows(gff3: Path, completes: Path | None) -> Iterator[str]:
    if completes:
        yield from (row for _, row, before in CompletedRows(gff3, completes) if not before)
        return
    with read_output(gff3) as lines:
        yield from (line for line in lines if line.count("\t") == 8)


def _repeated(transcripts: Iterable[_Transcript]) -> int:
    """Number of genes with a structure that another gene has too."""
    genes: dict[tuple[int, ...], set[str]] = {}
    for transcript in transcripts:
        lengths = tuple(end - start for start, end in sorted(transcript.parts))
        genes.setdefault(min(lengths, lengths[::-1]), set()).add(transcript.gene)
    return len(set().union(*(names for names in genes.values() if len(names) > 1)))
