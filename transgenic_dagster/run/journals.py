"""What the journals of a run's pieces hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.from_sentence import read_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.state import PieceState, PieceSummary, read_piece_state


@dataclass
class JournalSummary:
    """Content of the journals of some pieces.

    A region that ran out of memory counts once it was tried alone by the present prediction.

    Args:
        pieces: how far each is.
        accounting: regions by what the model output is, as far as it can be told without DNA.
        confidences: of the outputs that describe a gene.
    """

    pieces: dict[str, PieceSummary] = field(default_factory=dict)
    accounting: Accounting = field(default_factory=Accounting)
    confidences: list[float] = field(default_factory=list)

    @property
    def regions(self) -> int:
        """Regions of the pieces."""
        return sum(piece.regions for piece in self.pieces.values())

    @property
    def completed(self) -> int:
        """Regions whose prediction is journaled."""
        return sum(piece.completed for piece in self.pieces.values())

    @property
    def rejected(self) -> int:
        """Those of them without a gene model."""
        return self.accounting.rejected.total()

    def add(
        self, piece: str, sentences: Iterable[PredictedSentence], regions: Iterable[Region]
    ) -> int:
        """Count some more regions of a piece; returns how many of them have no gene model."""
        completed = rejected = 0
        for sentence, region in zip(sentences, regions, strict=True):
            read = read_sentence(sentence, region)
            self.accounting.count_output(bool(read.transcripts), read.rejects)
            completed += 1
            if read.transcripts:
                self.confidences.append(sentence.confidence)
            else:
                rejected += 1
        before = self.pieces[piece]
        self.pieces[piece] = replace(
            before,
            completed=before.completed + completed,
            rejected=before.rejected + rejected,
        )
        return rejected


def summarise_journal(
    folder: RunFolder, database: RegionDb, states: Mapping[str, PieceState]
) -> JournalSummary:
    """Count what the journals of some pieces hold; no DNA is read."""
    summary = JournalSummary()
    for piece, state in states.items():
        regions = {region.region_id: region for region in database.regions(piece)}
        summary.pieces[piece] = PieceSummary(len(regions), completed=0, rejected=0)
        sentences = [s for s in journaled(folder, state) if not s.out_of_memory]
        summary.add(piece, sentences, [regions[s.region_id] for s in sentences])
    return summary


def journaled(folder: RunFolder, state: PieceState) -> list[PredictedSentence]:
    """Sentences of a piece that are safe.

    Raises:
        UsageError: the journal belongs to something else.
    """
    from transgenic_dagster.inference.journal import read_journal

    return read_journal(folder.journal(state.piece), state.identity)


def sentences_by_region(
    sentences: Mapping[str, Iterable[PredictedSentence]],
) -> dict[int, tuple[str, PredictedSentence]]:
    """Piece and sentence of each region, by its number, from the sentences of each piece."""
    return {s.region_id: (piece, s) for piece, some in sentences.items() for s in some}


def describe_other_run(folder: RunFolder, piece: str, fingerprint: RunFingerprint) -> list[str]:
    """Phrases on how a piece that was begun differs from the present run; none if it is its own.

    Without its state, what the journal itself says counts.

    Raises:
        UsageError: another version of this program wrote one of the files.
    """
    state = read_piece_state(folder.piece_state(piece))
    if state is not None and state.fingerprint != fingerprint:
        return state.fingerprint.describe_diff(fingerprint)
    if foreign_journal(folder, piece, fingerprint):
        return [f"{folder.journal(piece)} is the journal of another run"]
    return []


def foreign_journal(folder: RunFolder, piece: str, fingerprint: RunFingerprint) -> bool:
    """Return whether the journal of a piece, if there is one, belongs to something else."""
    from transgenic_dagster.inference.journal import ForeignJournalError, read_journal

    try:
        read_journal(folder.journal(piece), fingerprint.identity(piece))
    except ForeignJournalError:
        return True
    return False
