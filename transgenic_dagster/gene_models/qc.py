"""Quality of a transcript as the genome sequence shows it: codons, frame and splice sites.

Translation uses the standard genetic code. Introns count as canonical with the ends GT-AG, GC-AG
(both U2) or AT-AC (U12), read along the strand of the transcript.
"""

from collections.abc import Sequence
from itertools import product
from typing import Final

from transgenic_dagster.gene_models.gene_model import (
    CdsPart,
    Interval,
    TranscriptQuality,
    TranscriptStructure,
)
from transgenic_dagster.sequences.dna import reverse_complement

START_CODON: Final = "ATG"
STOP_CODONS: Final = frozenset({"TAA", "TAG", "TGA"})
CANONICAL_INTRON_ENDS: Final = frozenset({("GT", "AG"), ("GC", "AG"), ("AT", "AC")})

# Amino acids of NCBI translation table 1: codons over TCAG, the last base changing fastest.
_AMINO_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
_CODONS = ("".join(bases) for bases in product("TCAG", repeat=3))
_AMINO_ACID_OF_CODON = dict(zip(_CODONS, _AMINO_ACIDS, strict=True))


def assess(
    structure: TranscriptStructure, window_sequence: str, window_start: int
) -> TranscriptQuality:
    """Judge a transcript by the sequence of its window.

    Args:
        structure: the transcript in genome coordinates, inside the window.
        window_sequence: forward strand of the window, upper-case ACGTN.
        window_start: 0-based position of the window on the sequence.

    Returns:
        Codons, frame, splice sites and translation; a codon with N is not a stop and reads
        ``X``, and bases outside whole codons are left out.
    """
    coding = _spliced(structure.cds, structure.strand, window_sequence, window_start)
    phase = structure.first_cds.phase
    codons = [coding[i : i + 3] for i in range(phase, len(coding) - 2, 3)]
    ends_in_frame = (len(coding) - phase) % 3 == 0
    has_stop = ends_in_frame and bool(codons) and codons[-1] in STOP_CODONS
    translated = codons[:-1] if has_stop else codons
    introns = [
        _spliced([intron], structure.strand, window_sequence, window_start)
        for intron in structure.introns
    ]
    return TranscriptQuality(
        start_codon=phase == 0 and coding.startswith(START_CODON),
        stop_codon=has_stop,
        inframe_stops=sum(codon in STOP_CODONS for codon in translated),
        canonical_introns=sum(
            len(intron) >= 4 and (intron[:2], intron[-2:]) in CANONICAL_INTRON_ENDS
            for intron in introns
        ),
        introns=len(introns),
        protein="".join(_AMINO_ACID_OF_CODON.get(codon, "X") for codon in translated),
        cds=coding,
        cdna=_spliced(structure.exons, structure.strand, window_sequence, window_start),
    )


def _spliced(
    parts: Sequence[CdsPart] | Sequence[Interval],
    strand: str,
    window_sequence: str,
    window_start: int,
) -> str:
    """Return the sequence of ascending parts, joined and read along the strand."""
    forward = "".join(
        window_sequence[part.start - window_start : part.end - window_start] for part in parts
    )
    return forward if strand == "+" else reverse_complement(forward)
