"""The DNA alphabet that the model knows: A, C, G, T and N."""

_TO_ACGTN = "".join(
    letter if (letter := chr(code).upper()) in "ACGT" else "N" for code in range(128)
)
_COMPLEMENT = str.maketrans("ACGTNacgtn", "TGCANtgcan")


def normalise(sequence: str) -> str:
    """Return the sequence in upper case, with every letter outside ACGT as N.

    Soft-masked (lower-case) bases keep their identity; IUPAC ambiguity codes, gaps and anything
    else become N. The length never changes.
    """
    if not sequence.isascii():
        sequence = sequence.encode("ascii", errors="replace").decode("ascii")
    return sequence.translate(_TO_ACGTN)


def reverse_complement(sequence: str) -> str:
    """Return the other strand of a sequence of A, C, G, T and N, 5' to 3', with lower case kept."""
    return sequence.translate(_COMPLEMENT)[::-1]
