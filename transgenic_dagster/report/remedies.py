"""Advice on genes without a gene model: what one can do, by reject reason."""

from collections.abc import Mapping
from typing import Final

from transgenic_dagster.reject_reason import RejectReason

_MODEL_SLIP: Final = (
    "Usually the region is hard to read: compare with other evidence. --grammar on forces a valid "
    "structure, --num_beams 4 follows more hypotheses, --keep_input keeps the input's rows."
)
REMEDIES: Final[Mapping[RejectReason, str]] = {
    RejectReason.TRUNCATED: "Often a gene with many isoforms or exons, or a repeat. Raise "
    "--max_length if it is below 2048; otherwise keep the input's rows with --keep_input.",
    RejectReason.UNPARSABLE: _MODEL_SLIP,
    RejectReason.UNKNOWN_FEATURE: _MODEL_SLIP,
    RejectReason.DUPLICATE_FEATURE: _MODEL_SLIP,
    RejectReason.TOO_MANY_PARTS: "The model has no names for so many parts; the gene stays as it "
    "is.",
    RejectReason.SENTENCE_TOO_LONG: "Raise --max_length if it is below 2048; the gene stays as "
    "it is.",
    RejectReason.BAD_INTERVAL: _MODEL_SLIP,
    RejectReason.OUT_OF_WINDOW: _MODEL_SLIP,
    RejectReason.OVERLAPPING_FEATURES: _MODEL_SLIP,
    RejectReason.MIXED_STRAND: _MODEL_SLIP,
    RejectReason.MISPLACED_UTR: _MODEL_SLIP,
    RejectReason.NO_CODON: _MODEL_SLIP,
    RejectReason.NO_CDS: "The model sees no coding sequence: possibly a pseudogene or a non-coding "
    "gene. Compare with other evidence; --keep_input keeps the input's rows.",
    RejectReason.OFF_TARGET: "The model found another gene in the window, which has its own window "
    "if it is annotated. Check the locus; --keep_all writes the prediction with a mark.",
    RejectReason.DUPLICATE_PREDICTION: "Two input genes led to one structure: the input may have "
    "split or duplicated a gene. Look at both; --keep_all writes both with a mark.",
    RejectReason.OVERLAPPING_GENE: "Two predictions compete for one locus and the likelier one is "
    "kept. The input may have split a gene; --keep_all writes both with a mark.",
    RejectReason.LOW_CONFIDENCE: "Left out as asked for: a lower --min_confidence keeps more.",
    RejectReason.INCOMPLETE_FRAME: "Left out as asked for: without --complete_only it is written, "
    "marked orf=partial5, partial3 or broken.",
    RejectReason.SHORTER_ISOFORM: "Left out as asked for: without --longest_isoform all isoforms "
    "are written.",
    RejectReason.OUT_OF_MEMORY: "Continue with --resume on a machine, or a GPU, with more memory.",
    RejectReason.NOT_PROTEIN_CODING: "Nothing: the model was trained on protein-coding genes. "
    "--keep_input keeps the input's rows; --biotype all sends such genes to the model, too.",
    RejectReason.WINDOW_TOO_LONG: "The model cannot read genes of this length; keep the input's "
    "rows with --keep_input.",
    RejectReason.NOT_LIFTED: "The gene may be gone, broken by a gap of the assembly, or too "
    "different to be aligned: look at the table of lifted genes, or lift from a closer relative.",
    RejectReason.UNKNOWN_SEQUENCE: "Check that genome and annotation are of the same assembly and "
    "name their sequences alike.",
    RejectReason.SEQUENCE_TOO_SHORT: "Leave such sequences out of the assembly, or the genes "
    "out of the annotation.",
    RejectReason.OUTSIDE_SEQUENCE: "Check that genome and annotation are of the same version of "
    "the assembly.",
    RejectReason.BAD_ROW: "Correct the row in the annotation; the line is given.",
    RejectReason.DUPLICATE: "Nothing: the other row counts. Remove the repeat from the annotation.",
}
"""One or two sentences for every reject reason."""
