"""Keeps the input's own rows of genes that have no gene model (``--keep_input``).

What is missing from the output is known only after all genes were compared, so the output is
written in two steps: a draft in which ``write_gap`` holds the place of each missing gene, and
``fill_gaps``, which copies the draft and puts the rows in. The output can then replace the input:
every gene of its gene list is there exactly once.

Rows keep their coordinates, source, score, strand, phase and attributes. The gene row says
``kept=<reason>`` and has the identifier of the input gene as predicted genes do; ``ID`` and
``Parent`` change only where an identifier is taken in the output, by appending ``-2``, ``-3``, ….
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TextIO

from transgenic_dagster.gene_models.identifiers import gm_id_of
from transgenic_dagster.gene_models.input_families import FamilyRow, find_families
from transgenic_dagster.gene_models.text_sink import TextSink
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.gff3 import decode, encode_attribute, encode_seqid
from transgenic_dagster.regions.region import Region
from transgenic_dagster.reject_reason import RejectReason

KEPT: Final = "kept"
EXCEEDED_REGION: Final = "#!exceeded-sequence-region "
"""Stands for ``##sequence-region`` where a gene of the input ends beyond the sequence."""

_SEQUENCE_REGION = "##sequence-region "
_GAP = "#gap "
_IN_NO_GENE_LIST = frozenset({RejectReason.DUPLICATE, RejectReason.BAD_ROW})

# All capitals are reserved for the specification; these are those that it defines.
_DEFINED_ATTRIBUTES = frozenset(
    {"ID", "Name", "Alias", "Parent", "Target", "Gap", "Derives_from", "Note", "Dbxref"}
    | {"Ontology_term", "Is_circular"}
)

_Attributes = dict[str, str]
"""Values of column 9 by name, as written."""


def skipped_before_regions(
    sorted_gff: Path,
    feature_types: Sequence[str],
    regions: Sequence[Region],
    skipped: Sequence[SkippedInput],
) -> dict[int, list[SkippedInput]]:
    """Find the place of skipped genes among the regions.

    Rows that repeat another or cannot be read are in no gene list and have no place.

    Args:
        sorted_gff: the sorted annotation, with its ``Origin`` beside it.
        feature_types: types of the rows (column 3) that count as genes.
        regions: all regions, in the order of the gene list.
        skipped: all skipped inputs.

    Returns:
        The genes that come right before a region, in order, by its position in ``regions``; those
        after the last one by ``len(regions)``.
    """
    by_id = {one.gene_id: one for one in skipped if one.reason not in _IN_NO_GENE_LIST}
    before: dict[int, list[SkippedInput]] = {}
    position = 0
    for gene in read_genes(sorted_gff, feature_types).genes:
        if position < len(regions) and regions[position].gene_id == gene.gene_id:
            position += 1
        else:
            before.setdefault(position, []).append(by_id[gene.gene_id])
    return before


def write_gap(handle: TextIO, gene_id: str) -> None:
    """Hold the place of a gene in a draft.

    Args:
        handle: open text file of the draft.
        gene_id: identifier of the input gene, decoded.
    """
    handle.write(f"{_GAP}{encode_attribute(gene_id)}\n")


def fill_gaps(draft: Path, output: TextSink, kept: "KeptInput") -> None:
    """Copy a draft, with the rows of kept genes for each gap.

    Args:
        draft: a GFF3 file in which ``write_gap`` wrote.
        output: where the lines go.
        kept: the genes of all gaps.
    """
    with draft.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            if line.startswith(_GAP):
                rows = kept.rows(decode(line.removeprefix(_GAP).rstrip("\n")))
                output.write("".join([*rows, "###\n"]))
            elif (
                line.startswith(_SEQUENCE_REGION) and line.split(" ")[1] in kept.exceeded_sequences
            ):
                output.write(EXCEEDED_REGION + line.removeprefix(_SEQUENCE_REGION))
            else:
                output.write(line)


class KeptInput:
    """Rows of the input for genes that have no gene model.

    Args:
        sorted_gff: the sorted annotation, with its ``Origin`` beside it.
        feature_types: types of the rows (column 3) that count as genes.
        reasons: why they have none, by identifier of the gene; every one is in the gene list.
        predicted: names of the genes that have a gene model (``GeneModel.name``).
        sequence_lengths: nucleotides by sequence name of the FASTA file.
        gm_attribute: name of the attribute with the input gene's id; with ``gm``, other attributes
            that begin with a capital but are not those of the specification become lower case.
    """

    def __init__(
        self,
        sorted_gff: Path,
        feature_types: Sequence[str],
        reasons: Mapping[str, str],
        predicted: Collection[str],
        sequence_lengths: Mapping[str, int],
        gm_attribute: Literal["GM", "gm"] = "GM",
    ) -> None:
        self._sorted_gff = sorted_gff
        self._reasons = reasons
        self._predicted = predicted
        self._lengths = sequence_lengths
        self._gm_attribute = gm_attribute
        genes = read_genes(sorted_gff, feature_types).genes
        wanted = {gene.gene_id: gene for gene in genes if gene.gene_id in reasons}
        self._families = find_families(
            sorted_gff, {name: gene.row for name, gene in wanted.items()}, feature_types
        )
        self._ids: dict[str, dict[int, str]] = {}
        self.exceeded_sequences = self._assign_ids()

    def __len__(self) -> int:
        return len(self._families)

    def rows(self, gene_id: str) -> list[str]:
        r"""Return the lines of a gene, parents before children, each with its ``\n``.

        Args:
            gene_id: identifier of the input gene, decoded.

        Raises:
            KeyError: it is none of the genes to be kept.
        """
        family, ids = self._families[gene_id], self._ids[gene_id]
        return [
            self._row(gene_id, columns, row, ids)
            for row, columns in zip(family, self._columns(family), strict=True)
        ]

    def _columns(self, family: Sequence[FamilyRow]) -> list[list[str]]:
        columns = []
        with self._sorted_gff.open("rb") as file:
            for row in family:
                file.seek(row.offset)
                columns.append(file.readline().decode().rstrip("\n").split("\t"))
        return columns

    def _assign_ids(self) -> frozenset[str]:
        """Give every feature an ID of its own; return the (encoded) sequences that rows exceed."""
        taken: set[str] = set()
        exceeded = set()
        for name, family in self._families.items():
            with_children = {parent for row in family for parent in row.parents}
            shared: dict[tuple[str, str, tuple[int, ...]], str] = {}
            ids: dict[int, str] = {}
            for row, columns in zip(family, self._columns(family), strict=True):
                seqid = self._seqid(columns[0])
                if int(columns[4]) > self._lengths.get(seqid, int(columns[4])):
                    exceeded.add(encode_seqid(seqid))
                identifier = parse_column(columns[8]).get("ID", "")
                if not identifier and row.parents:
                    continue
                # A feature in several rows, such as a CDS, has one ID in all of them.
                feature = columns[2], identifier, row.parents
                if row.number in with_children or feature not in shared:
                    shared[feature] = self._free_id(identifier or encode_attribute(name), taken)
                ids[row.number] = shared[feature]
            self._ids[name] = ids
        return frozenset(exceeded)

    def _free_id(self, identifier: str, taken: set[str]) -> str:
        copy, candidate = 1, identifier
        while (decoded := decode(candidate)) in taken or gm_id_of(decoded) in self._predicted:
            copy += 1
            candidate = f"{identifier}-{copy}"
        taken.add(decoded)
        return candidate

    def _seqid(self, column: str) -> str:
        """Return the name of a sequence as the FASTA file has it."""
        return column if column in self._lengths else decode(column)

    def _row(
        self, gene_id: str, columns: Sequence[str], row: FamilyRow, ids: Mapping[int, str]
    ) -> str:
        attributes = parse_column(columns[8])
        if self._gm_attribute == "gm":
            attributes = _without_undefined_capitals(attributes)
        identity = {"ID": ids[row.number]} if row.number in ids else {}
        if row.parents:
            identity["Parent"] = ",".join(ids[parent] for parent in row.parents)
            marks = {}
        else:
            attributes.pop("Parent", None)
            marks = {
                self._gm_attribute: encode_attribute(gene_id),
                KEPT: encode_attribute(self._reasons[gene_id]),
            }
        text = ";".join(
            f"{name}={value}" for name, value in (attributes | identity | marks).items()
        )
        seqid = encode_seqid(self._seqid(columns[0]))
        return "\t".join([seqid, *columns[1:8], text or "."]) + "\n"


def parse_column(column: str) -> _Attributes:
    """Return the attributes of a column 9, encoded, so that they can be written as GFF3.

    A part without ``=`` belongs to the value before it, whose semicolon was not encoded; values of
    a repeated name are joined by commas; names without a value are left out.
    """
    attributes: _Attributes = {}
    last = ""
    for part in column.split(";"):
        name, equals, value = (text.strip(" ") for text in part.partition("="))
        if name and value:
            value = value.replace("=", "%3D")
            attributes[name] = f"{attributes[name]},{value}" if name in attributes else value
            last = name
        elif last and name and not equals:
            attributes[last] += f"%3B {name}"
    return attributes


def _without_undefined_capitals(attributes: _Attributes) -> _Attributes:
    renamed: _Attributes = {}
    for name, value in attributes.items():
        new = name
        if name[:1].isupper() and name not in _DEFINED_ATTRIBUTES:
            new = name.lower()
            while new in attributes or new in renamed:
                new += "_"
        renamed[new] = value
    return renamed
