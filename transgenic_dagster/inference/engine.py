"""The engine: a loaded model on a device that turns windows into gene sentences."""

import logging
import math
from collections.abc import Sequence

import torch
from transformers.utils import logging as library_logging

from transgenic_dagster.errors import CheckpointError
from transgenic_dagster.gsf.parser import parse_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence, SentenceHypothesis
from transgenic_dagster.gsf.token_scores import TokenScores
from transgenic_dagster.gsf.token_spans import token_spans
from transgenic_dagster.gsf.vocabulary import clean_sentence, decode_ids
from transgenic_dagster.inference.batching import Unit
from transgenic_dagster.inference.beam_search import DecodingOptions, search
from transgenic_dagster.inference.beams import NotFiniteError
from transgenic_dagster.inference.device import (
    DTYPES,
    Precision,
    is_out_of_memory,
    keep_freed_memory,
    return_freed_memory,
    usable_cores,
    use_huge_pages,
)
from transgenic_dagster.inference.grammar import GrammarConstraint
from transgenic_dagster.inference.hypotheses import Hypothesis
from transgenic_dagster.inference.teacher_forcing import read_sentences
from transgenic_dagster.model import (
    CheckpointFiles,
    Decoding,
    TransgenicForConditionalGeneration,
)
from transgenic_dagster.model.packed_linear import pack_linears
from transgenic_dagster.regions.region import Region
from transgenic_dagster.reject_reason import RejectReason

logger = logging.getLogger(__name__)


class Engine:
    """A model that is ready to predict.

    Args:
        model: in evaluation mode, on ``device``.
        device: where it is.
        precision: of its weights and caches.
        compile_model: compile the encoder's and the decoder's forward passes.
    """

    def __init__(
        self,
        model: TransgenicForConditionalGeneration,
        device: torch.device,
        precision: Precision,
        *,
        compile_model: bool = False,
    ) -> None:
        self.model = model
        self.device = device
        self.precision = precision
        if compile_model:
            model.compile_parts()
        elif device.type == "cpu":
            pack_linears(model.transgenic)

    @classmethod
    def load(
        cls,
        files: CheckpointFiles,
        device: torch.device,
        precision: Precision,
        *,
        compile_model: bool = False,
    ) -> "Engine":
        """Load a checkpoint.

        Raises:
            CheckpointError: its tensors or its configuration do not fit.
        """
        library_logging.disable_progress_bar()
        if device.type == "cpu":
            use_huge_pages()
            keep_freed_memory()
            torch.set_num_threads(usable_cores())
        else:
            torch.cuda.set_device(device.index or 0)  # it takes no device without a number
            # Convolutions would take shortcuts in fp32 otherwise; products do not by default.
            torch.backends.cudnn.allow_tf32 = False
        model = TransgenicForConditionalGeneration.from_files(files, dtype=DTYPES[precision])
        model.to(device)  # type: ignore[arg-type]  # the library wraps Module.to
        engine = cls(model, device, precision, compile_model=compile_model)
        if device.type == "cpu":
            return_freed_memory()  # the weights as they were before they were packed
        return engine

    def predict_unit(
        self, unit: Unit, input_ids: torch.Tensor, options: DecodingOptions, batch_size: int
    ) -> list[PredictedSentence]:
        """Predict a unit, or read the sentences that it gives; see ``predict``."""
        return self.predict(
            unit.regions,
            input_ids,
            options,
            batch_size=batch_size,
            given=unit.given,
            whole=unit.whole,
        )

    def predict(
        self,
        regions: Sequence[Region],
        input_ids: torch.Tensor,
        options: DecodingOptions,
        *,
        batch_size: int | None = None,
        given: Sequence[Sequence[int]] = (),
        whole: bool = False,
    ) -> list[PredictedSentence]:
        """Write one sentence per region, or read one that is given whole.

        Where memory runs out, half as many regions are decoded at a time, again and again; a
        region that does not even fit alone ends as ``out_of_memory``.

        Args:
            regions: N regions with windows of one length L.
            input_ids: their DNA ids, (N, L).
            options: how to search.
            batch_size: most regions that are decoded at a time, all by default.
            given: what each sentence begins with, N lists of token ids from the start token on; by
                default the start token alone.
            whole: the given sentences are whole, and read rather than continued.

        Returns:
            N sentences, in the order of the regions.

        Raises:
            CheckpointError: the model gives logits that are NaN or infinite.
        """
        batch_size = min(batch_size or len(regions), len(regions))
        try:
            if whole:
                return self._read(regions, input_ids, given, batch_size)
            hypotheses = self._decode(regions, input_ids, options, batch_size, given)
        except NotFiniteError as error:
            remedy = "fetch the checkpoint again"
            if self.precision == "fp16":
                remedy = "fp16 ends at 65,504, so try --precision fp32 or bf16"
            raise CheckpointError(
                f"The model gives logits that are NaN or infinite in {self.precision}, seen in the "
                f"window {regions[0].seqid}:{regions[0].window_start + 1}-"
                f"{regions[0].window_end} or one decoded with it; {remedy}."
            ) from error
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            return [_sentence(r, h) for r, h in zip(regions, hypotheses, strict=True)]
        # Outside the except block, so that the failed attempt's tensors are gone.
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(regions) == 1:
            lost = PredictedSentence(
                regions[0].region_id, "", "", 0.0, 0.0, False, RejectReason.OUT_OF_MEMORY
            )
            return [lost]
        if batch_size > 1:
            logger.warning(
                "out of memory with %d windows of %d nt; retrying with half the batch",
                batch_size,
                regions[0].window_length,
            )
            return self.predict(
                regions,
                input_ids,
                options,
                batch_size=batch_size // 2,
                given=given,
                whole=whole,
            )
        return [
            sentence
            for i in range(len(regions))
            for sentence in self.predict(
                regions[i : i + 1],
                input_ids[i : i + 1],
                options,
                given=given[i : i + 1],
                whole=whole,
            )
        ]

    def _read(
        self,
        regions: Sequence[Region],
        input_ids: torch.Tensor,
        given: Sequence[Sequence[int]],
        batch_size: int,
    ) -> list[PredictedSentence]:
        """Read given sentences, a batch at a time."""
        sentences: list[PredictedSentence] = []
        for first in range(0, len(regions), batch_size):
            some = slice(first, first + batch_size)
            texts = [clean_sentence(decode_ids(ids)) for ids in given[some]]
            numbers = [token_spans(parse_sentence(text)).coordinates for text in texts]
            ids = [ids[1:] for ids in given[some]]  # the start token is understood
            seen = read_sentences(self.model, input_ids[some].to(self.device), ids, numbers)
            sentences += map(_read_sentence, regions[some], texts, seen)
        return sentences

    @torch.inference_mode()
    def _decode(
        self,
        regions: Sequence[Region],
        input_ids: torch.Tensor,
        options: DecodingOptions,
        batch_size: int,
        prompts: Sequence[Sequence[int]],
    ) -> list[tuple[Hypothesis, ...]]:
        decoding = Decoding(self.model, input_ids, options.num_beams, batch_size, prompts)
        keys = [f"{r.seqid}:{r.window_start}-{r.window_end}:{r.gene_id}" for r in regions]
        constraint = None
        if options.grammar:
            constraint = GrammarConstraint(input_ids.shape[1], options.num_beams, self.device)
        return search(
            decoding,
            keys,
            options,
            self.device,
            batch_size=batch_size,
            constraint=constraint,
            prompts=prompts,
        )


def _sentence(region: Region, hypotheses: Sequence[Hypothesis]) -> PredictedSentence:
    winner, *others = (_text(hypothesis) for hypothesis in hypotheses)
    return PredictedSentence(
        region_id=region.region_id,
        raw=winner.raw,
        clean=winner.clean,
        score=winner.score,
        confidence=winner.confidence,
        finished=winner.finished,
        log_probability=winner.log_probability,
        digit_costs=winner.digit_costs,
        alternatives=tuple(others),
    )


def _read_sentence(region: Region, text: str, seen: TokenScores) -> PredictedSentence:
    total = math.fsum(seen.log_probabilities)
    probabilities = [math.exp(value) for value in seen.log_probabilities]
    return PredictedSentence(
        region_id=region.region_id,
        raw=f"<s>{text}",
        clean=text,
        score=total / len(probabilities),
        confidence=math.fsum(probabilities) / len(probabilities),
        finished=True,
        log_probability=total,
        tokens=seen,
    )


def _text(hypothesis: Hypothesis) -> SentenceHypothesis:
    raw = decode_ids(hypothesis.token_ids)
    return SentenceHypothesis(
        raw=raw,
        clean=clean_sentence(raw),
        score=hypothesis.score,
        confidence=hypothesis.confidence,
        finished=hypothesis.finished,
        log_probability=hypothesis.log_probability,
        digit_costs=hypothesis.digit_costs,
    )
