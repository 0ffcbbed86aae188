"""What the journals of a run's pieces hold."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.from_sentence import read_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.state import PieceSummary


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
    folder: RunFolder, database: RegionDb, pieces: Iterable[str]
) -> JournalSummary:
    """Count what the journals of some pieces hold; no DNA is read."""
    summary = JournalSummary()
    for piece in pieces:
        regions = {region.region_id: region for region in database.regions(piece)}
        summary.pieces[piece] = PieceSummary(len(regions), completed=0, rejected=0)
        sentences = [s for s in journaled(folder, piece) if not s.out_of_memory]
        summary.add(piece, sentences, [regions[s.region_id] for s in sentences])
    return summary


def journaled(folder: RunFolder, piece: str) -> list[PredictedSentence]:
    """Sentences of a piece that are safe."""
    from transgenic_dagster.inference.journal import read_journal

    return read_journal(folder.journal(piece))
