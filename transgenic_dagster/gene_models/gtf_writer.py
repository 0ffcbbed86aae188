"""Writes an annotation as GTF, from the lines of its GFF3.

Identifiers are those of the GFF3: ``gene_id`` is the ``ID`` of the gene, ``transcript_id`` that of
the transcript; what hangs on the gene itself has the gene's for both. As GTF 2.2 and Ensembl have
it, the stop codon is not part of the CDS but has rows of its own. That is known of transcripts of
the model, whose rows say ``stop_codon=1``; other CDS stay as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from transgenic_dagster.gene_models.gene_model import Interval
from transgenic_dagster.gene_models.text_sink import TextSink, whole_lines
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR, THREE_PRIME_UTR
from transgenic_dagster.input_genes.gff3 import decode

TRANSCRIPT: Final = "transcript"
START_CODON: Final = "start_codon"
STOP_CODON: Final = "stop_codon"
_CODON = 3
_KINDS = {FIVE_PRIME_UTR: "five_prime_utr", THREE_PRIME_UTR: "three_prime_utr"}
_PARTS = frozenset({"exon", CDS, *_KINDS})
_PREDICTED = "1"


class _Row(NamedTuple):
    columns: Sequence[str]
    attributes: Mapping[str, str]

    @property
    def kind(self) -> str:
        """Type of the feature."""
        return self.columns[2]

    @property
    def interval(self) -> Interval:
        """Its place, 0-based half-open."""
        return Interval(int(self.columns[3]) - 1, int(self.columns[4]))


class GtfWriter:
    """Turns GFF3 into GTF, one family of rows at a time; a sink for GFF3 lines.

    Parents come before their children, and rows of a gene follow each other.

    Args:
        handle: where the GTF goes.
    """

    def __init__(self, handle: TextSink) -> None:
        self._handle = handle
        self._family: list[_Row] = []

    def write(self, text: str) -> None:
        """Take whole lines of GFF3."""
        for line in whole_lines(text):
            if line.startswith("#"):
                continue
            columns = line.split("\t")
            pairs = (pair.partition("=") for pair in columns[8].split(";"))
            row = _Row(columns, {name: value for name, _, value in pairs})
            if "Parent" not in row.attributes:
                self.finish()
            self._family.append(row)

    def finish(self) -> None:
        """Write the last family."""
        if not self._family:
            return
        gene, *others = self._family
        self._family = []
        gene_id = gene.attributes.get("ID", "")
        names = [("gene_id", gene_id)]
        if "Name" in gene.attributes:
            names.append(("gene_name", gene.attributes["Name"]))
        self._write(gene, "gene", gene.interval, names)
        transcripts = {gene_id: gene}
        parts: dict[str, list[_Row]] = {gene_id: []}
        for row in others:
            if row.kind not in _PARTS:
                identifier = row.attributes.get("ID", gene_id)
                transcripts[identifier] = row
                parts.setdefault(identifier, [])
                continue
            for parent in row.attributes["Parent"].split(","):
                parts.setdefault(parent, []).append(row)
        for identifier, transcript in transcripts.items():
            of_transcript = [*names, ("transcript_id", identifier)]
            if transcript is not gene or parts[identifier]:
                self._write(transcript, TRANSCRIPT, transcript.interval, of_transcript)
            for row, kind, interval, phase in _parts(transcript, parts[identifier]):
                self._write(row, kind, interval, of_transcript, phase)

    def _write(
        self,
        row: _Row,
        kind: str,
        interval: Interval,
        names: Sequence[tuple[str, str]],
        phase: str = ".",
    ) -> None:
        columns = (
            decode(row.columns[0]),
            row.columns[1],
            kind,
            str(interval.start + 1),
            str(interval.end),
            row.columns[5],
            row.columns[6],
            phase,
            " ".join(f'{name} "{_quoted(value)}";' for name, value in names),
        )
        self._handle.write("\t".join(columns) + "\n")


def _quoted(value: str) -> str:
    """Return a value of GFF3, which stays percent-encoded, as it can stand in quotes."""
    return value.replace('"', "%22")


def _parts(transcript: _Row, rows: Sequence[_Row]) -> Iterator[tuple[_Row, str, Interval, str]]:
    """Yield the parts of a transcript, with kind, place and phase, its codons last."""
    is_forward = transcript.columns[6] != "-"
    stop: list[Interval] = []
    coding = [row for row in rows if row.kind == CDS]
    places = [row.interval for row in coding]
    if transcript.attributes.get(STOP_CODON) == _PREDICTED:
        stop = _codon(places, at_end=is_forward)
    start = []
    if transcript.attributes.get(START_CODON) == _PREDICTED:
        start = _codon(places, at_end=not is_forward)
    for row in rows:
        interval = row.interval
        if row.kind == CDS:
            interval = _without(interval, stop)
            if interval.start == interval.end:
                continue
        phase = row.columns[7] if row.kind == CDS else "."
        yield row, _KINDS.get(row.kind, row.kind), interval, phase
    for kind, codon in ((START_CODON, start), (STOP_CODON, stop)):
        along_strand = codon if is_forward else codon[::-1]
        done = 0
        for interval in along_strand:
            yield coding[0], kind, interval, str((_CODON - done) % _CODON)
            done += interval.end - interval.start


def _codon(parts: Sequence[Interval], *, at_end: bool) -> list[Interval]:
    """Return the first or the last three bases of ascending parts, as ascending intervals."""
    codon: list[Interval] = []
    missing = _CODON
    for part in sorted(parts, reverse=at_end):
        length = min(missing, part.end - part.start)
        if length:
            codon.append(
                Interval(part.end - length, part.end)
                if at_end
                else Interval(part.start, part.start + length)
            )
        missing -= length
    return sorted(codon)


def _without(part: Interval, codon: Sequence[Interval]) -> Interval:
    """Return a part without the codon at one of its ends."""
    for one in codon:
        if one.start == part.start:
            part = Interval(one.end, part.end)
        elif one.end == part.end:
            part = Interval(part.start, one.start)
    return part
