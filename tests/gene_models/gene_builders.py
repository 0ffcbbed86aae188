"""Short ways to write the regions and sentences of these tests."""

from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.regions.region import Region

WINDOW_START = 5000
WINDOW_LENGTH = 6144
POLY_A = "A" * WINDOW_LENGTH


def region(gene_id="gene1", seqid="Chr1", window_length=WINDOW_LENGTH):
    return Region(
        region_id=0,
        gene_id=gene_id,
        seqid=seqid,
        gene_start=WINDOW_START + 100,
        gene_end=WINDOW_START + 400,
        strand="+",
        window_start=WINDOW_START,
        window_end=WINDOW_START + window_length,
    )


def sentence(clean, **changes):
    values = {
        "region_id": 0,
        "raw": f"<s>{clean}",
        "clean": clean,
        "score": -0.5,
        "confidence": 0.98765,
        "finished": True,
    }
    return PredictedSentence(**(values | changes))


def decode(clean, window_sequence=POLY_A, **changes):
    window = region(window_length=len(window_sequence))
    return gene_from_sentence(sentence(clean, **changes), window, window_sequence)


def gene_of(clean, window_sequence=POLY_A, **changes):
    gene, rejects = decode(clean, window_sequence, **changes)
    assert gene is not None
    assert rejects == []
    return gene
