"""The TransGenic model: windows of DNA in, logits of gene-sentence tokens out."""

from pathlib import Path
from typing import Any, NoReturn, cast

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel, AutoModelForSeq2SeqLM, PreTrainedModel
from transformers.modeling_outputs import Seq2SeqLMOutput

from transgenic_dagster.checkpoint.files import CheckpointFiles, resolve_checkpoint
from transgenic_dagster.errors import CheckpointError, UsageError
from transgenic_dagster.model.checkpoint import check_tensors, read_checkpoint
from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.decoder import Decoder
from transgenic_dagster.model.downsample import Downsample
from transgenic_dagster.model.hyena_encoder import HyenaBackbone


class EncoderPositions(nn.Module):
    """Table of positions that is added to the encoder's output."""

    pe: torch.Tensor

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        self.register_buffer("pe", torch.zeros(config.max_encoder_seqlen, config.d_model))


class TransgenicBody(nn.Module):
    """Encoder, downsampling and decoder under the names of the published checkpoints."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        self.decoder_embed_tokens = nn.Embedding(config.vocab_size, config.decoder_dim)
        self.encoder = nn.ModuleDict({"hyena": nn.ModuleDict({"backbone": HyenaBackbone(config)})})
        self.EncoderOutputPositionalEmbedding = EncoderPositions(config)
        self.downsample = Downsample(config)
        self.decoder = Decoder(config)


class TransgenicForConditionalGeneration(PreTrainedModel):
    """TransGenic with its language-model head.

    ``from_pretrained`` takes a local folder, a weight file with ``config.json`` beside it, or a
    hub name; every published form of a checkpoint loads, and a tensor that is missing or left
    over is an error. No code of a checkpoint is ever run.
    """

    config_class = TransgenicConfig
    config: TransgenicConfig
    final_logits_bias: torch.Tensor
    base_model_prefix = "transgenic"
    _tied_weights_keys = {  # noqa: RUF012 - the library's class attribute is a plain dict
        "lm_head.weight": "transgenic.decoder.embed_tokens.weight",
        "transgenic.decoder_embed_tokens.weight": "transgenic.decoder.embed_tokens.weight",
    }
    # Little memory and little work, but what is rounded here shows most in the probabilities.
    _keep_in_fp32_modules_strict = {  # noqa: RUF012
        *("filter_fn", "EncoderOutputPositionalEmbedding", "final_logits_bias"),
        *("word_embeddings", "decoder_embed_tokens", "embed_tokens", "embed_positions", "lm_head"),
        *("norm1", "norm2", "ln_f", "layernorm_embedding"),
        *("self_attn_layer_norm", "encoder_attn_layer_norm", "final_layer_norm"),
    }

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__(config)
        self.transgenic = TransgenicBody(config)
        self.lm_head = nn.Linear(config.decoder_dim, config.vocab_size, bias=False)
        self.register_buffer("final_logits_bias", torch.zeros(1, config.vocab_size))
        self.post_init()

    @classmethod
    def from_pretrained(  # type: ignore[override]  # the rest of the library's go by keyword
        cls, pretrained_model_name_or_path: str | Path, *model_args: Any, **kwargs: Any
    ) -> "TransgenicForConditionalGeneration":
        """Load a checkpoint in any of its published forms.

        Args:
            pretrained_model_name_or_path: local folder, weight file or hub name.
            model_args: passed to the library.
            kwargs: ``revision``, ``local_files_only``, ``cache_dir`` say where the files come
                from; the rest (``dtype``, ``device_map``, ``output_loading_info`` …) goes to the
                library's ``from_pretrained``.

        Returns:
            The model in evaluation mode.

        Raises:
            MissingOnMachineError: the checkpoint is not there and cannot be fetched.
            CheckpointError: its tensors or its configuration do not fit this architecture.
        """
        files = resolve_checkpoint(
            str(pretrained_model_name_or_path),
            revision=kwargs.pop("revision", None),
            offline=bool(kwargs.pop("local_files_only", False)),
            cache_dir=kwargs.pop("cache_dir", None),
        )
        kwargs.pop("config", None)  # the file's own configuration, completed from its tensors
        return cls.from_files(files, *model_args, **kwargs)

    @classmethod
    def from_files(
        cls, files: CheckpointFiles, *model_args: Any, **kwargs: Any
    ) -> "TransgenicForConditionalGeneration":
        """Load a checkpoint whose files are known; arguments as for ``from_pretrained``.

        Raises:
            CheckpointError: its tensors or its configuration do not fit this architecture.
        """
        config, state_dict = read_checkpoint(files)
        try:
            with torch.device("meta"):
                expected = cls(config).state_dict()
        except (ValueError, RuntimeError, TypeError, ZeroDivisionError) as error:
            raise CheckpointError(f"{files.config} describes no model ({error}).") from error
        check_tensors(files, state_dict, expected)
        kwargs.setdefault("dtype", torch.float32)
        return super().from_pretrained(
            None, *model_args, config=config, state_dict=state_dict, **kwargs
        )

    @property
    def backbone(self) -> HyenaBackbone:
        """The HyenaDNA encoder."""
        hyena = cast(nn.ModuleDict, self.transgenic.encoder["hyena"])
        return cast(HyenaBackbone, hyena["backbone"])

    def get_input_embeddings(self) -> nn.Embedding:
        """The decoder's token embedding, to which the head is tied."""
        return self.transgenic.decoder.embed_tokens

    def get_output_embeddings(self) -> nn.Module:
        """The language-model head."""
        return self.lm_head

    def encode(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Encode and compress windows of equal length.

        Args:
            input_ids: DNA ids, (B, L).

        Returns:
            The encoder states, (B, S, D), fp32.
        """
        table = self.transgenic.EncoderOutputPositionalEmbedding.pe
        encoded = self.backbone(input_ids) + table[: input_ids.shape[1]].float()  # (B, L, C)
        return self.transgenic.downsample(encoded)

    def generate(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the library's search is not the one that the published model is used with.

        Raises:
            UsageError: always; it names what to call instead.
        """
        raise UsageError(
            "TransGenic models are not searched with generate(); call "
            "transgenic_dagster.annotator.Annotator.load(MODEL).annotate_sequence(dna)."
        )

    def compile_parts(self) -> None:
        """Compile what decoding really calls: the encoder's pass and the decoder's step."""
        self.encode = torch.compile(self.encode)  # type: ignore[method-assign]
        for layer in self.transgenic.decoder.layers:
            layer.compile(dynamic=True)

    def logits(self, token_ids: torch.Tensor, encoder_states: torch.Tensor) -> torch.Tensor:
        """Logits (B, T, V), fp32, after every token of (B, T), given encoder states (B, S, D)."""
        return self.head(self.transgenic.decoder(token_ids, encoder_states))

    def head(self, h: torch.Tensor) -> torch.Tensor:
        """Logits of hidden states, fp32."""
        return F.linear(h, self.lm_head.weight) + self.final_logits_bias

    def forward(
        self,
        input_ids: torch.Tensor,
        decoder_input_ids: torch.Tensor,
        labels: torch.Tensor | None = None,
    ) -> Seq2SeqLMOutput:
        """Teacher-forced logits.

        Args:
            input_ids: DNA ids, (B, L).
            decoder_input_ids: tokens from the start token on, (B, T).
            labels: wanted tokens, (B, T), padding ignored; gives a loss.

        Returns:
            ``logits`` (B, T, V), ``encoder_last_hidden_state`` (the encoder states), ``loss``.
        """
        encoder_states = self.encode(input_ids)  # (B, S, D)
        logits = self.logits(decoder_input_ids, encoder_states)  # (B, T, V)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(
                logits.flatten(0, 1), labels.flatten(), ignore_index=self.config.pad_token_id
            )
        return Seq2SeqLMOutput(loss=loss, logits=logits, encoder_last_hidden_state=encoder_states)


def register() -> None:
    """Make the library's ``Auto…`` classes know ``transgenicHyena`` without remote code."""
    AutoConfig.register(TransgenicConfig.model_type, TransgenicConfig, exist_ok=True)
    AutoModel.register(TransgenicConfig, TransgenicForConditionalGeneration, exist_ok=True)
    AutoModelForSeq2SeqLM.register(
        TransgenicConfig, TransgenicForConditionalGeneration, exist_ok=True
    )


register()
