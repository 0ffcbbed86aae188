"""Genes from the sentences of all regions: built in several processes where there are many.

Refinement takes some milliseconds of one core for a gene. For a whole genome these are minutes,
during which nothing is left to do for a GPU. What is built, and its order, depend on no process.
"""

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import NamedTuple

from transgenic_dagster.errors import ResumableError
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.refined_gene import refined_gene_from_sentence
from transgenic_dagster.gene_models.rejects import Reject
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.journals import sentences_by_region
from transgenic_dagster.system.parent_death import end_with_parent
from transgenic_dagster.system.processes import hush_semaphore_tracker
from transgenic_dagster.system.processors import granted_processors
from transgenic_dagster.system.signals import SIGNALS

MANY_REGIONS = 2_000
"""Below this, starting processes takes longer than it saves."""
MOST_PROCESSES = 12
"""More would wait for the process that writes."""
_CHUNK = 20


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

    Raises:
        ResumableError: a process was lost.
    """
    predictions = _in_region_order(database, sentences)
    processes = min(granted_processors(), MOST_PROCESSES)
    if processes == 1 or len(database.regions()) < MANY_REGIONS:
        return ((prediction, _build(prediction, options)) for prediction in predictions)
    return _build_in_processes(predictions, processes, options)


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


def _build_in_processes(
    predictions: Iterator[Prediction], processes: int, options: AnnotateOptions
) -> Iterator[tuple[Prediction, Built]]:
    hush_semaphore_tracker()
    build = partial(_build_some, options=options)
    begin = partial(_begin, os.getpid())
    with ProcessPoolExecutor(processes, get_context("spawn"), begin) as pool:
        building: deque[tuple[Sequence[Prediction], Future[list[Built]]]] = deque()
        try:
            while some := list(islice(predictions, _CHUNK)):
                building.append((some, pool.submit(build, some)))
                if len(building) > 2 * processes:
                    yield from _finished(*building.popleft())
            while building:
                yield from _finished(*building.popleft())
        except BrokenProcessPool as error:
            raise ResumableError(
                "A process that builds gene models was lost; look for the cause in the system's "
                "log (memory?)."
            ) from error


def _finished(
    predictions: Sequence[Prediction], building: Future[list[Built]]
) -> Iterator[tuple[Prediction, Built]]:
    return zip(predictions, building.result(), strict=True)


def _build_some(predictions: Sequence[Prediction], options: AnnotateOptions) -> list[Built]:
    return [_build(prediction, options) for prediction in predictions]


def _begin(main_process: int) -> None:
    """Bind this process to the main one, which alone hears signals."""
    end_with_parent(main_process)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
