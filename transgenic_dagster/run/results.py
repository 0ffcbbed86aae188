"""The last two stages: annotation and reject report from the predictions of all pieces.

One pass over the predictions writes both, so that they always agree.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from transgenic_dagster import __version__
from transgenic_dagster.errors import RunError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.refined_gene import refined_gene_from_sentence
from transgenic_dagster.gene_models.rejects import Reject
from transgenic_dagster.gene_models.selection import Candidate, Doubt, select_genes
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.options import AnnotateOptions, Stage
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.complete_results import write_completed
from transgenic_dagster.run.fingerprint import code_version, predictions_fingerprint, provenance
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.journals import journaled, sentences_by_region
from transgenic_dagster.run.judging_options import ScoreOptions
from transgenic_dagster.run.model_and_devices import find_model_and_devices
from transgenic_dagster.run.record import describe_run
from transgenic_dagster.run.result_files import ResultFiles
from transgenic_dagster.run.result_paths import ResultPaths, final_files
from transgenic_dagster.run.score_results import write_scores
from transgenic_dagster.run.stages import check_sorted_annotation, fingerprint_of_regions
from transgenic_dagster.run.state import PieceState, PieceSummary, RunSummary, read_piece_state

_SHOWN = 5


def merge_pieces(folder: RunFolder, options: AnnotateOptions) -> Accounting:
    """Write the final files from the predictions of all pieces, and the summary of the run.

    Args:
        folder: of the run, with its region database and journals.
        options: of the run; they name the files.

    Returns:
        What became of every gene of the input.

    Raises:
        RunError: predictions are missing, or do not belong together.
    """
    began = time.monotonic()
    with (
        folder.reading_regions(),
        folder.writing_results(),
        RegionDb(folder.region_db) as database,
    ):
        if options.keep_input or options.keep_attributes or options.task != "predict":
            check_sorted_annotation(folder, database)
        pieces = database.pieces()
        if pieces:
            state, sentences = _common_state(folder, database, pieces)
            _check_task(state, options)
        else:
            state, sentences = _state_without_predictions(database, options), {}
        if isinstance(options, ScoreOptions):
            accounting, rejected = write_scores(folder, database, sentences, options)
        elif options.complete:
            origin = _origin(state, options)
            accounting, rejected = write_completed(folder, database, sentences, options, origin)
        else:
            accounting, rejected = _write(folder, database, state, sentences, options)
        RunSummary(
            output=options.output.name,
            fingerprint=state.fingerprint,
            journal=str(folder.journal_folder),
            results=options.affecting_results(Stage.RESULTS),
            version=code_version(options),
            status="complete",
            total=accounting.total,
            completed=sum(map(len, sentences.values())),
            rejected=accounting.rejected.total(),
            skipped=accounting.skipped.total(),
            pieces={
                piece: PieceSummary(len(done), len(done), rejected[piece])
                for piece, done in sentences.items()
            },
            accounting=accounting.as_dict(),
            files=final_files(options).digests(),
            record=describe_run(folder, options, time.monotonic() - began),
        ).write(options.run_state_file)
    return accounting


def _common_state(
    folder: RunFolder, database: RegionDb, pieces: Sequence[str]
) -> tuple[PieceState, dict[str, list[PredictedSentence]]]:
    """What the states of a run's pieces have in common, and the sentences of each piece."""
    states = {piece: read_piece_state(folder.piece_state(piece)) for piece in pieces}
    known = {piece: state for piece, state in states.items() if state is not None}
    sentences = {piece: journaled(folder, state) for piece, state in known.items()}
    lacking = [
        piece
        for piece in pieces
        if piece not in known or len(sentences[piece]) < len(database.regions(piece))
    ]
    if lacking:
        raise RunError(
            f"Predictions are missing for {_some(lacking)} (in Dagster: materialize predictions "
            f"of {'it' if len(lacking) == 1 else 'them'} first)."
        )
    newest = max(known, key=lambda piece: folder.piece_state(piece).stat().st_mtime_ns)
    regions, _ = fingerprint_of_regions(database)
    wanted = known[newest].fingerprint.extended(regions.values)
    diffs = {piece: state.fingerprint.diff(wanted) for piece, state in known.items()}
    odd = {piece: diff for piece, diff in diffs.items() if diff}
    if odd:
        names = sorted({name for diff in odd.values() for name in diff})
        raise RunError(
            f"Predictions of {_some(list(odd))} do not belong to the others or to region_db "
            f"(changed: {', '.join(names)}; in Dagster: materialize predictions of "
            f"{'it' if len(odd) == 1 else 'them'} again)."
        )
    return known[newest], sentences


def _check_task(state: PieceState, options: AnnotateOptions) -> None:
    """Check that sentences are merged as what they were written for.

    Raises:
        RunError: they were written to complete genes, or not, and are taken for the other.
    """
    completing = "complete" in state.fingerprint.values
    if completing != options.complete:
        were, are = ("", "not ") if completing else ("not ", "")
        raise RunError(
            f"Predictions were {were}made to complete the input, but results are {are}to (in "
            "Dagster: give complete to both, best in options.yaml)."
        )


def _state_without_predictions(database: RegionDb, options: AnnotateOptions) -> PieceState:
    """What predictions would belong to where every gene is skipped."""
    found = find_model_and_devices(options)
    regions, _ = fingerprint_of_regions(database)
    fingerprint = predictions_fingerprint(regions, options, found)
    return PieceState("", fingerprint, options.model, __version__, 0)


def _some(pieces: list[str]) -> str:
    shown = ", ".join(pieces[:_SHOWN])
    return shown if len(pieces) <= _SHOWN else f"{shown} and {len(pieces) - _SHOWN} more"


def _write(
    folder: RunFolder,
    database: RegionDb,
    state: PieceState,
    sentences: Mapping[str, Sequence[PredictedSentence]],
    options: AnnotateOptions,
) -> tuple[Accounting, Counter[str]]:
    """Turn sentences into the final files, which appear complete or not at all.

    Returns:
        What became of every gene of the input, and how many genes of each piece are rejected.
    """
    rejected = Counter[str]()
    origin = _origin(state, options)
    with ResultFiles(ResultPaths.of(options), options, folder, database, origin) as files:
        for candidate, doubt in _judged(database, sentences, options):
            prediction = candidate.payload
            written = files.add(
                candidate.region, prediction.sentence, candidate.gene, prediction.rejects, doubt
            )
            rejected[prediction.piece] += not written
        files.finish()
    return files.accounting, rejected


def _origin(state: PieceState, options: AnnotateOptions) -> dict[str, str]:
    """What the GFF3 says of where it comes from."""
    origin = provenance(state.model, state.version, state.fingerprint)
    if options.refine == "on":
        origin["refinement"] = f"boundaries moved by up to {options.refine_distance} nt"
    return origin


class _Prediction(NamedTuple):
    piece: str
    sentence: PredictedSentence
    rejects: Sequence[Reject]


def _judged(
    database: RegionDb,
    sentences: Mapping[str, Sequence[PredictedSentence]],
    options: AnnotateOptions,
) -> Iterator[tuple[Candidate[_Prediction], Doubt | None]]:
    """Yield every region, in order, with its gene and what speaks against it.

    Without refinement genes are written as the model wrote them, and nothing is judged.
    """
    candidates = _candidates(database, sentences, options)
    if options.refine == "off":
        return ((candidate, None) for candidate in candidates)
    return select_genes(database.regions(), candidates)


def _candidates(
    database: RegionDb,
    sentences: Mapping[str, Sequence[PredictedSentence]],
    options: AnnotateOptions,
) -> Iterator[Candidate[_Prediction]]:
    for piece, region, sentence, window in _in_region_order(database, sentences):
        if options.refine == "off":
            gene, rejects = gene_from_sentence(sentence, region, window)
        else:
            gene, rejects = refined_gene_from_sentence(
                sentence, region, window, options.refine_distance
            )
        yield Candidate(region, gene, sentence.score, _Prediction(piece, sentence, rejects))


def _in_region_order(
    database: RegionDb, sentences: Mapping[str, Sequence[PredictedSentence]]
) -> Iterator[tuple[str, Region, PredictedSentence, str]]:
    """Yield the piece, the region, its sentence and its window's sequence, for every region."""
    by_region = sentences_by_region(sentences)
    for region, window in database.windows():
        piece, sentence = by_region[region.region_id]
        yield piece, region, sentence, window
