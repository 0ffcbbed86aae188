"""Feature types (column 3) that mean a gene, a transcript, or a part of one.

The patterns are for ``re.search`` and for DuckDB's ``regexp_matches`` alike.
"""

DEFAULT_FEATURE_TYPES = ("gene",)
"""Types whose rows become regions unless the user names others."""

GENE_PATTERN = "(?i)gene$"
"""Any type of gene: ``gene``, ``pseudogene``, ``ncRNA_gene``, ``transposable_element_gene``."""

TRANSCRIPT_PATTERN = "(?i)(transcript|rna)$"
"""Any type of transcript: ``mRNA``, ``transcript``, ``lnc_RNA``, ``pseudogenic_transcript``."""

EXON_PATTERN = "(?i)^exon$"
"""A part of a transcript that needs a name for its gene, for its own ID says nothing of that."""

CODING_PATTERN = "(?i)^(cds[filo]?|e(init|term|sngl))$"
"""Coding parts, also as FGENESH (``CDSf``) and SNAP (``Einit``) call first, last and only ones."""
