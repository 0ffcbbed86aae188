"""Vocabulary of the gene sentence (GSF): feature kinds, feature names, strands and phases.

The grammar, with coordinates 0-based half-open and relative to the start of the window::

    sentence   = feature (";" feature)* ">" transcript (";" transcript)*
    feature    = start "|" name "|" end "|" strand "|" phase
    name       = CDS1..CDS150 | five_prime_UTR1..50 | three_prime_UTR1..50
    strand     = "+" | "-"
    phase      = "A" | "B" | "C" for a CDS (0, 1, 2), "." for a UTR
    transcript = name ("|" name)*
"""

from typing import Final

from transgenic_dagster.gsf.vocabulary import MAX_CDS, MAX_UTR

CDS: Final = "CDS"
FIVE_PRIME_UTR: Final = "five_prime_UTR"
THREE_PRIME_UTR: Final = "three_prime_UTR"

FEATURES_PER_KIND: Final = {CDS: MAX_CDS, FIVE_PRIME_UTR: MAX_UTR, THREE_PRIME_UTR: MAX_UTR}
"""Number of features of each kind that the model can name; they are numbered from 1."""

KIND_OF_NAME: Final = {
    f"{kind}{number}": kind
    for kind, count in FEATURES_PER_KIND.items()
    for number in range(1, count + 1)
}
"""Every feature name that the model can write, with its kind."""

STRANDS: Final = ("+", "-")

CDS_PHASES: Final = {"A": 0, "B": 1, "C": 2}
"""Letters of the CDS phases: bases to skip before the first whole codon."""

NO_PHASE: Final = "."
