"""Problems for which GenBank refuses an annotation: stable codes, what they mean, what to do."""

from dataclasses import dataclass
from enum import StrEnum

from transgenic_dagster.gene_models.gene_model import SHORTEST_SPLICED, Interval

SHORTEST_PROTEIN = 50
"""Amino acids below which NCBI asks whether a complete protein is real."""


class Problem(StrEnum):
    """Problems that NCBI's table2asn, its validator and its discrepancy report tell.

    The value is the code in tables. Their sources are NCBI's guides to eukaryotic annotation, to
    GFF3 files and to validation errors (https://www.ncbi.nlm.nih.gov/genbank/, pages
    ``eukaryotic_genome_submission_annotation``, ``genomes_gff``, ``genome_validation`` and
    ``asndisc``).

    Args:
        meaning: one phrase for people.
        remedy: what to do about it, one sentence.
    """

    meaning: str
    remedy: str

    def __new__(cls, code: str, meaning: str, remedy: str) -> "Problem":
        """Make a member that equals its code and carries its meaning and its remedy."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning, member.remedy = meaning, remedy
        return member

    @property
    def is_refused(self) -> bool:
        """Whether the annotation has to be changed; all else is worth a look only."""
        return self is not Problem.SHORT_PROTEIN

    NO_LOCUS_TAG = (
        "no_locus_tag",
        "the gene has no locus_tag",
        "Run again with --locus_prefix and the prefix that BioProject gave you, or give it to "
        "table2asn (-locus-tag-prefix).",
    )
    BAD_LOCUS_TAG = (
        "bad_locus_tag",
        "the locus_tag is not PREFIX_NUMBER in letters and digits",
        "Run again with --locus_prefix, or correct the locus_tag: a prefix of 3 to 12 letters and "
        "digits that begins with a letter, one underscore, letters and digits.",
    )
    DUPLICATE_LOCUS_TAG = (
        "duplicate_locus_tag",
        "another gene has the same locus_tag",
        "Give each gene a locus_tag of its own; --locus_prefix does.",
    )
    DUPLICATE_ID = (
        "duplicate_id",
        "another feature has the same ID",
        "Give each feature an ID of its own; those of predicted genes are, those kept from the "
        "input are the input's.",
    )
    NO_PRODUCT = (
        "no_product",
        "mRNA or CDS name no product",
        "Run again with --keep_attributes where the input has products, and write product="
        "hypothetical protein on mRNA and CDS rows of the others.",
    )
    NOT_ASCII = (
        "not_ascii",
        "an attribute has letters outside ASCII",
        "Write the attribute in plain ASCII letters.",
    )
    BAD_SEQID = (
        "bad_seqid",
        "the sequence's name is too long or has characters that are refused",
        "Rename the sequence in FASTA and GFF3: below 50 letters, digits and - _ . : * #.",
    )
    BEYOND_SEQUENCE = (
        "beyond_sequence",
        "the gene lies outside the sequences of the genome",
        "Use the genome of the run, and leave out the gene or correct its ends.",
    )
    OUTSIDE_GENE = (
        "outside_gene",
        "a transcript reaches beyond its gene, or lies on the other strand",
        "Extend the gene, or leave out the transcript.",
    )
    OUTSIDE_EXONS = (
        "outside_exons",
        "a part of the CDS is not within an exon of its transcript",
        "Extend the exon and the transcript, or shorten the CDS.",
    )
    OVERLAPPING_EXONS = (
        "overlapping_exons",
        "exons or CDS parts of one transcript overlap",
        "Join the parts, or leave out the transcript.",
    )
    SHORT_INTRON = (
        "short_intron",
        f"an intron is shorter than {SHORTEST_SPLICED} nt",
        "Leave out the transcript, or mark the gene with pseudo=true and leave out its products if "
        "the gap bridges a frameshift; --keep_input, --complete and --refine off keep such gaps of "
        "the input or the model.",
    )
    BROKEN_FRAME = (
        "broken_frame",
        "the length of the CDS is not a multiple of three",
        "Leave out the transcript (--complete_only does), or mark the gene with pseudo=true "
        "and leave out its products.",
    )
    INTERNAL_STOP = (
        "internal_stop",
        "a stop codon lies inside the CDS",
        "Leave out the transcript (--complete_only does), or mark the gene with pseudo=true "
        "and leave out its products.",
    )
    NO_START = (
        "no_start",
        "the CDS begins with no start codon and is not marked as partial",
        "Leave out the transcript (--complete_only does), or mark its start as partial if the gene "
        "goes on beyond the sequence.",
    )
    NO_STOP = (
        "no_stop",
        "the CDS ends with no stop codon and is not marked as partial",
        "Leave out the transcript (--complete_only does), or mark its end as partial if the gene "
        "goes on beyond the sequence.",
    )
    PARTIAL_WITH_STOP = (
        "partial_with_stop",
        "the CDS ends with a stop codon though its end is marked as partial",
        "Remove the mark (partial, start_range, end_range) from the gene and its parts.",
    )
    INNER_PARTIAL = (
        "inner_partial",
        "a partial end is not at the end of the sequence, a gap or a splice site",
        "Leave out the transcript (--complete_only does), or extend it to the end or the gap.",
    )
    SHORT_PROTEIN = (
        "short_protein",
        f"the complete protein is shorter than {SHORTEST_PROTEIN} amino acids",
        "Nothing, if the gene is real; a short protein may be a chance reading frame.",
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A problem at its place.

    Args:
        problem: what is wrong.
        transcript: identifier of the transcript, decoded; empty where it is the gene's problem.
        seqid: sequence, decoded.
        place: where, 0-based half-open; of an intron, with the base on either side of it.
    """

    problem: Problem
    transcript: str
    seqid: str
    place: Interval
