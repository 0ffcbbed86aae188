"""The input annotation with further isoforms: its own rows stay, new transcripts join their genes.

New rows stand behind the last row of their gene. The gene's row says how many there are
(``isoforms_gained``) and reaches as far as they do; no other row of the input changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Final, Literal

from transgenic_dagster.gene_models.gene_model import GeneModel, Transcript, TranscriptStructure
from transgenic_dagster.gene_models.gff3_writer import MRNA, Gff3Writer
from transgenic_dagster.gene_models.identifiers import feature_id
from transgenic_dagster.gene_models.input_families import FamilyRow, find_families
from transgenic_dagster.gene_models.input_transcripts import InputTranscript
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR, THREE_PRIME_UTR
from transgenic_dagster.input_genes.gff3 import encode_attribute, parse_attributes

GAINED: Final = "isoforms_gained"
MARK: Final = ("origin", "completed")
"""Attribute of the mRNA rows of new isoforms."""

_Place = tuple[str, int, int]
"""Kind, start and end of a part."""


def new_isoforms(gene: GeneModel, known: Sequence[InputTranscript]) -> GeneModel | None:
    """The gene with only those transcripts that differ in some part from all of the input.

    One that the model wrote like a transcript of the input, such as the one that it was given, is
    not new, whatever refinement made of it.

    Args:
        gene: what the model made of the gene.
        known: the input's transcripts.

    Returns:
        None where there are none.
    """
    of_input = {
        frozenset((part.kind, part.start, part.end) for part in one.parts)
        for one in known
        if one.parts
    }
    seen, fresh = set(of_input), list[Transcript]()
    for transcript in gene.transcripts:
        places = _places(transcript.structure)
        if places not in seen and _places(transcript.written) not in of_input:
            seen.add(places)
            fresh.append(transcript)
    return replace(gene, transcripts=tuple(fresh)) if fresh else None


def _places(structure: TranscriptStructure | None) -> frozenset[_Place]:
    """Parts of a structure; of none, none, which is like no transcript."""
    if structure is None:
        return frozenset()
    coding = {(CDS, part.start, part.end) for part in structure.cds}
    five_prime = {(FIVE_PRIME_UTR, *part) for part in structure.five_prime_utrs}
    three_prime = {(THREE_PRIME_UTR, *part) for part in structure.three_prime_utrs}
    return frozenset(coding | five_prime | three_prime)


def without_gain(attributes: str) -> list[str]:
    """Attributes of a gene's row without what an earlier completion says of it."""
    return [a for a in attributes.rstrip(";").split(";") if not a.startswith(f"{GAINED}=")]


@dataclass(frozen=True, slots=True)
class _Addition:
    row: int
    start: int
    end: int
    gained: int
    text: str


class CompletedInput:
    """The rows of the input with those of new isoforms.

    Args:
        sorted_gff: the sorted annotation, with its ``Origin`` beside it.
        genes: row of each gene that gains isoforms (``Gene.row``).
        gene_types: types of rows (column 3) that are genes.
        gained: new isoforms of each of them.
        gm_attribute: name of the attribute with the input gene's id.
        cds_ids: as ``Gff3Writer`` takes it.
    """

    def __init__(
        self,
        sorted_gff: Path,
        genes: Mapping[str, int],
        gene_types: Sequence[str],
        gained: Mapping[str, GeneModel],
        gm_attribute: Literal["GM", "gm"] = "GM",
        cds_ids: Literal["shared", "unique"] = "shared",
    ) -> None:
        self._sorted_gff = sorted_gff
        self._gm_attribute, self._cds_ids = gm_attribute, cds_ids
        families = find_families(sorted_gff, {name: genes[name] for name in gained}, gene_types)
        self._additions: dict[int, list[_Addition]] = {}
        self._rows: dict[int, _Addition] = {}
        for name, gene in gained.items():
            addition = self._addition(families[name], gene)
            last = max(row.number for row in families[name])
            self._additions.setdefault(last, []).append(addition)
            self._rows[addition.row] = addition

    def lines(self) -> Iterator[str]:
        """Yield the lines of the annotation."""
        number = 0
        with self._sorted_gff.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                if line.startswith("#"):
                    yield line
                    continue
                yield self._enlarged(line, self._rows[number]) if number in self._rows else line
                for addition in self._additions.get(number, ()):  # genes may share a row
                    yield addition.text
                number += 1

    def _addition(self, family: Sequence[FamilyRow], gene: GeneModel) -> _Addition:
        identifiers = set()
        with self._sorted_gff.open("rb") as file:
            for row in family:
                file.seek(row.offset)
                column = file.readline().decode().rstrip("\n").split("\t")[8]
                identifiers.add(parse_attributes(column).get("ID", ""))
            file.seek(family[0].offset)
            gene_row = file.readline().decode().rstrip("\n").split("\t")
        gene_id = parse_attributes(gene_row[8]).get("ID", "")
        number = 0
        renumbered = []
        for transcript in gene.transcripts:
            number += 1
            while feature_id(MRNA, gene.gm_id, number) in identifiers:
                number += 1
            renumbered.append(replace(transcript, number=number))
        text = StringIO()
        Gff3Writer(text, self._gm_attribute, self._cds_ids).write_transcripts(
            replace(gene, transcripts=tuple(renumbered)), gene_id, [MARK]
        )
        return _Addition(family[0].number, gene.start, gene.end, len(renumbered), text.getvalue())

    def _enlarged(self, line: str, addition: _Addition) -> str:
        columns = line.rstrip("\n").split("\t")
        columns[3] = str(min(int(columns[3]), addition.start + 1))
        columns[4] = str(max(int(columns[4]), addition.end))
        note = f"{GAINED}={encode_attribute(str(addition.gained))}"
        columns[8] = ";".join((*without_gain(columns[8]), note))
        return "\t".join(columns) + "\n"
