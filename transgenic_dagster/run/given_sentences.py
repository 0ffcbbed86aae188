"""Sentences that the input's own genes give to the model: to be continued, or to be read whole."""

from dataclasses import dataclass
from functools import cached_property

from transgenic_dagster.gene_models.input_transcripts import InputTranscript, read_transcripts
from transgenic_dagster.gene_models.to_sentence import LeftOut, ToldGene, tell_gene
from transgenic_dagster.gsf.parser import format_sentence
from transgenic_dagster.gsf.vocabulary import DECODER_START_ID, encode_gsf
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region import Region
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.run.folder import RunFolder


@dataclass(frozen=True)
class GivenSentence:
    """What a region gives to the model.

    Args:
        told: its gene as a sentence.
        token_ids: from the start token on; none where the gene cannot be told.
        fault: why not.
    """

    told: ToldGene
    token_ids: tuple[int, ...] = ()
    fault: LeftOut | None = None


class GivenSentences:
    """Sentences of the input's genes, as the task of a run wants them.

    Args:
        folder: of the run, with its sorted annotation.
        options: of the run.
    """

    def __init__(self, folder: RunFolder, options: AnnotateOptions) -> None:
        self._folder, self._options = folder, options

    @property
    def whole(self) -> bool:
        """Whether sentences are read, rather than continued."""
        return self._options.task == "score"

    def of(self, region: Region) -> GivenSentence:
        """What a region gives to the model.

        To be continued: the parts of the gene's first transcript, up to and including its last.
        """
        transcripts = self.transcripts(region)
        told = tell_gene(transcripts if self.whole else transcripts[:1], region)
        if told.sentence is None:
            return GivenSentence(told, fault=told.left_out[0])
        ids = encode_gsf(format_sentence(told.sentence))
        if not self.whole:
            names = len(told.sentence.transcripts[0])
            ids = ids[: -names - 3]  # ; > names </s>
        if len(ids) + self._left_for_model >= self._options.max_length:
            fault = LeftOut(
                "",
                RejectReason.SENTENCE_TOO_LONG,
                f"the gene's own structure takes {len(ids)} tokens of the "
                f"{self._options.max_length} that --max_length allows",
            )
            return GivenSentence(told, fault=fault)
        return GivenSentence(told, (DECODER_START_ID, *ids))

    def transcripts(self, region: Region) -> list[InputTranscript]:
        """The transcripts of a region's gene, as the input tells them."""
        return self._transcripts[region.gene_id]

    @property
    def _left_for_model(self) -> int:
        return 0 if self.whole else 1

    @cached_property
    def _transcripts(self) -> dict[str, list[InputTranscript]]:
        gff, types = self._folder.sorted_gff, self._options.feature_types
        rows = {gene.gene_id: gene.row for gene in read_genes(gff, types).genes}
        return read_transcripts(gff, rows, types)
