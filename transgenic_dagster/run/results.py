"""The last two stages: annotation and reject report from the predictions of all pieces.

One pass over the predictions writes both, so that they always agree.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.errors import RunError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.fasta import write_proteins
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.gsf_table import GsfTable
from transgenic_dagster.gene_models.rejects import Reject, write_reject
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.options import AnnotateOptions, Stage
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.fingerprint import code_version, provenance
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.predict import journaled
from transgenic_dagster.run.stages import fingerprint_of_regions
from transgenic_dagster.run.state import PieceState, PieceSummary, RunSummary, read_piece_state
from transgenic_dagster.system.atomic_files import atomic_write

REGIONS_PER_READ = 256
_SHOWN = 5


@dataclass(frozen=True)
class ResultPaths:
    """Final files; those that are None are not wanted."""

    gff3: Path
    rejects: Path
    gsf: Path | None = None
    proteins: Path | None = None

    @classmethod
    def of(cls, options: AnnotateOptions) -> "ResultPaths":
        """The files that the options name."""
        return cls(options.output, options.reject_path, options.gsf_output, options.proteins)

    def all(self) -> tuple[Path, ...]:
        """Those that are wanted."""
        wanted = (self.gff3, self.rejects, self.gsf, self.proteins)
        return tuple(path for path in wanted if path is not None)


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
    with (
        folder.reading_regions(),
        folder.writing_results(),
        RegionDb(folder.region_db) as database,
    ):
        sentences = {piece: journaled(folder, piece) for piece in database.pieces()}
        state = _common_state(folder, database, sentences)
        accounting, rejected = _write(database, state, sentences, options)
        RunSummary(
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
        ).write(options.run_state_file)
    return accounting


def _common_state(
    folder: RunFolder, database: RegionDb, sentences: Mapping[str, Sequence[PredictedSentence]]
) -> PieceState:
    """The state that the pieces of a run share."""
    states = {piece: read_piece_state(folder.piece_state(piece)) for piece in sentences}
    lacking = [
        piece
        for piece, done in sentences.items()
        if states[piece] is None or len(done) < len(database.regions(piece))
    ]
    if lacking:
        raise RunError(
            f"Predictions are missing for {_some(lacking)}; materialize predictions of "
            f"{'it' if len(lacking) == 1 else 'them'} first."
        )
    known = {piece: state for piece, state in states.items() if state is not None}
    newest = max(known, key=lambda piece: folder.piece_state(piece).stat().st_mtime_ns)
    regions, _ = fingerprint_of_regions(database)
    wanted = known[newest].fingerprint.extended(regions.values)
    diffs = {piece: state.fingerprint.diff(wanted) for piece, state in known.items()}
    odd = {piece: diff for piece, diff in diffs.items() if diff}
    if odd:
        names = sorted({name for diff in odd.values() for name in diff})
        raise RunError(
            f"Predictions of {_some(list(odd))} do not belong to the others or to region_db "
            f"(changed: {', '.join(names)}); materialize predictions of "
            f"{'it' if len(odd) == 1 else 'them'} again."
        )
    return known[newest]


def _some(pieces: list[str]) -> str:
    shown = ", ".join(pieces[:_SHOWN])
    return shown if len(pieces) <= _SHOWN else f"{shown} and {len(pieces) - _SHOWN} more"


def _write(
    database: RegionDb,
    state: PieceState,
    sentences: Mapping[str, Sequence[PredictedSentence]],
    options: AnnotateOptions,
) -> tuple[Accounting, Counter[str]]:
    """Turn sentences into the final files, which appear complete or not at all.

    Returns:
        What became of every gene of the input, and how many genes of each piece are rejected.
    """
    paths = ResultPaths.of(options)
    accounting, rejected = Accounting(), Counter[str]()
    with ExitStack() as files:
        gff3 = files.enter_context(atomic_write(paths.gff3))
        genes = Gff3Writer(gff3, "gm" if options.strict_gff3 else "GM")
        rejects = files.enter_context(atomic_write(paths.rejects))
        table = GsfTable(files.enter_context(atomic_write(paths.gsf))) if paths.gsf else None
        proteins = files.enter_context(atomic_write(paths.proteins)) if paths.proteins else None

        origin = provenance(state.model, state.version, state.fingerprint)
        genes.write_header(database.sequence_lengths(), origin)
        for skipped in database.skipped():
            write_reject(rejects, Reject.from_skipped_input(skipped))
            if skipped.is_gene:
                accounting.count_skipped(skipped.reason)
        for piece, region, sentence, window in _in_region_order(database, sentences):
            gene, reasons = gene_from_sentence(sentence, region, window)
            accounting.count_gene(gene, reasons)
            for reject in reasons:
                write_reject(rejects, reject)
            if gene is None:
                rejected[piece] += 1
            else:
                genes.write_gene(gene)
                if proteins is not None:
                    write_proteins(proteins, gene)
            if table is not None:
                table.write(region, sentence, annotated=gene is not None)
        accounting.check(database.input_gene_count())
    return accounting, rejected


def _in_region_order(
    database: RegionDb, sentences: Mapping[str, Sequence[PredictedSentence]]
) -> Iterator[tuple[str, Region, PredictedSentence, str]]:
    """Yield the piece, the region, its sentence and its window's sequence, for every region."""
    by_region = {s.region_id: (piece, s) for piece, some in sentences.items() for s in some}
    regions = database.regions()
    for first in range(0, len(regions), REGIONS_PER_READ):
        some = regions[first : first + REGIONS_PER_READ]
        windows = database.sequences([region.region_id for region in some])
        for region in some:
            piece, sentence = by_region[region.region_id]
            yield piece, region, sentence, windows[region.region_id]
