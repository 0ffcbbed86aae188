"""Genes from the sentences of all regions, in their order."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.refined_gene import refined_gene_from_sentence
from transgenic_dagster.gene_models.rejects import Reject
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.journals import sentences_by_region


class Prediction(NamedTuple):
    """A region with what was predicted for it.

    Args:
        piece: name of its piece.
        region: the region.
        sentence: what the model wrote.
        window: forward strand of its window, upper-case ACGTN.
    """

    piece: str
    region: Region
    sentence: PredictedSentence
    window: str


class Built(NamedTuple):
    """What became of a prediction: a gene, or None, and rejects that say why."""

    gene: GeneModel | None
    rejects: list[Reject]


def build_genes(
    database: RegionDb,
    sentences: Mapping[str, Iterable[PredictedSentence]],
    options: AnnotateOptions,
) -> Iterator[tuple[Prediction, Built]]:
    """Build the genes of all regions, in their order.

    Args:
        database: with the regions.
        sentences: of each piece.
        options: of the run.
    """
    for prediction in _in_region_order(database, sentences):
        yield prediction, _build(prediction, options)


def _in_region_order(
    database: RegionDb, sentences: Mapping[str, Iterable[PredictedSentence]]
) -> Iterator[Prediction]:
    by_region = sentences_by_region(sentences)
    for region, window in database.windows():
        piece, sentence = by_region[region.region_id]
        yield Prediction(piece, region, sentence, window)


def _build(prediction: Prediction, options: AnnotateOptions) -> Built:
    _, region, sentence, window = prediction
    if options.refine == "off":
        return Built(*gene_from_sentence(sentence, region, window))
    return Built(*refined_gene_from_sentence(sentence, region, window, options.refine_distance))
