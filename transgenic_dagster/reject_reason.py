"""Reject reasons: the stable codes of everything that does not become a gene model."""

from enum import StrEnum


class RejectReason(StrEnum):
    """Reasons why a gene, a transcript or a row of the input has no gene model.

    The value is the code in the reject report; ``explanation`` is one phrase for people.
    """

    explanation: str

    def __new__(cls, code: str, explanation: str) -> "RejectReason":
        """Make a member that equals its code and carries its explanation."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.explanation = explanation
        return member

    TRUNCATED = "truncated", "the model output did not end within `--max_length` tokens"
    UNPARSABLE = "unparsable", "the model output does not follow the grammar"
    UNKNOWN_FEATURE = "unknown_feature", "a transcript names a part that is not defined"
    DUPLICATE_FEATURE = "duplicate_feature", "a part is defined twice, or named twice"
    NO_CDS = "no_cds", "nothing is coding"
    TOO_MANY_PARTS = (
        "too_many_parts",
        "the gene has more than 150 CDS parts or 50 UTR parts of a kind",
    )
    SENTENCE_TOO_LONG = (
        "sentence_too_long",
        "the gene's own structure takes more than `--max_length` tokens",
    )
    BAD_INTERVAL = "bad_interval", "a part ends before it begins"
    OUT_OF_WINDOW = "out_of_window", "a part lies outside the window that the model read"
    OVERLAPPING_FEATURES = "overlapping_features", "parts of one transcript overlap"
    MISPLACED_UTR = (
        "misplaced_utr",
        "a 5' UTR is not upstream of the whole CDS, or a 3' UTR not downstream of it",
    )
    NO_CODON = "no_codon", "the CDS does not hold one whole codon"
    MIXED_STRAND = "mixed_strand", "parts of one gene lie on both strands"
    OFF_TARGET = (
        "off_target",
        "the predicted gene shares no base with the gene that the window was made for",
    )
    DUPLICATE_PREDICTION = (
        "duplicate_prediction",
        "the coding structure repeats that of another predicted gene",
    )
    OVERLAPPING_GENE = (
        "overlapping_gene",
        "half of the CDS lies in that of a likelier gene on the same strand, though the two input"
        " genes do not overlap",
    )
    LOW_CONFIDENCE = "low_confidence", "the confidence is below `--min_confidence`"
    INCOMPLETE_FRAME = (
        "incomplete_frame",
        "there is no complete reading frame, which `--complete_only` asks for",
    )
    SHORTER_ISOFORM = (
        "shorter_isoform",
        "another isoform of the gene has a longer CDS, and `--longest_isoform` keeps only that",
    )
    OUT_OF_MEMORY = "out_of_memory", "the window did not fit into memory even alone"
    NOT_PROTEIN_CODING = (
        "not_protein_coding",
        "the annotation says that the gene is an RNA gene or a pseudogene; `--biotype all` takes"
        " these, too",
    )
    WINDOW_TOO_LONG = (
        "window_too_long",
        "the gene is longer than the window that the model reads (49,152 nt)",
    )
    NOT_LIFTED = "not_lifted", "the gene of the old assembly is not found in the new one"
    UNKNOWN_SEQUENCE = "unknown_sequence", "the gene's sequence is not in the FASTA file"
    SEQUENCE_TOO_SHORT = (
        "sequence_too_short",
        "the gene's sequence is shorter than the 5 nt that the model needs",
    )
    OUTSIDE_SEQUENCE = "outside_sequence", "the gene ends beyond the end of its sequence"
    BAD_ROW = "bad_row", "a row that cannot be read"
    DUPLICATE = "duplicate", "a row that repeats another"
