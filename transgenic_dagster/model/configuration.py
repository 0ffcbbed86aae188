"""Configuration of a TransGenic model, as published in ``config.json``."""

from typing import Any

from transformers import PreTrainedConfig

from transgenic_dagster.checkpoint.config_values import MAX_ENCODER_SEQLEN, MODEL_TYPE, VOCAB_SIZE


class TransgenicConfig(PreTrainedConfig):
    """Sizes of a TransGenic model.

    The published ``config.json`` says nothing about the inside of the HyenaDNA encoder; those
    numbers (``encoder_*`` below, except ``encoder_n_layer``) are read from the tensors' shapes
    when a checkpoint is loaded.

    Args:
        d_model: channels C of the encoder; the decoder has D = 2C.
        encoder_n_layer: Hyena blocks.
        decoder_layers: decoder layers.
        decoder_attention_heads: heads; must divide D.
        decoder_ffn_dim: channels inside the decoder's feed-forward layers.
        vocab_size: decoder tokens.
        max_encoder_seqlen: longest window in nucleotides.
        max_decoder_position_embeddings: longest sentence in tokens, start token included.
        encoder_d_inner: channels inside the encoder's feed-forward layers.
        encoder_filter_order: channels of the implicit filter's network.
        encoder_emb_dim: features of a position that the implicit filter reads.
        encoder_vocab_size: rows of the DNA embedding table.
    """

    model_type = MODEL_TYPE

    def __init__(
        self,
        d_model: int = 768,
        encoder_n_layer: int = 12,
        decoder_layers: int = 12,
        decoder_attention_heads: int = 6,
        decoder_ffn_dim: int = 3072,
        vocab_size: int = VOCAB_SIZE,
        max_encoder_seqlen: int = MAX_ENCODER_SEQLEN,
        max_decoder_position_embeddings: int = 2_048,
        encoder_d_inner: int = 1_024,
        encoder_filter_order: int = 64,
        encoder_emb_dim: int = 5,
        encoder_vocab_size: int = 16,
        layer_norm_eps: float = 1e-5,
        **kwargs: Any,
    ) -> None:
        self.d_model = d_model
        self.encoder_n_layer = encoder_n_layer
        self.decoder_layers = decoder_layers
        self.decoder_attention_heads = decoder_attention_heads
        self.decoder_ffn_dim = decoder_ffn_dim
        self.vocab_size = vocab_size
        self.max_encoder_seqlen = max_encoder_seqlen
        self.max_decoder_position_embeddings = max_decoder_position_embeddings
        self.encoder_d_inner = encoder_d_inner
        self.encoder_filter_order = encoder_filter_order
        self.encoder_emb_dim = encoder_emb_dim
        self.encoder_vocab_size = encoder_vocab_size
        self.layer_norm_eps = layer_norm_eps
        kwargs.setdefault("bos_token_id", 0)
        kwargs.setdefault("pad_token_id", 1)
        kwargs.setdefault("eos_token_id", 2)
        kwargs.setdefault("decoder_start_token_id", 2)
        kwargs["is_encoder_decoder"] = True
        kwargs["tie_word_embeddings"] = True
        super().__init__(**kwargs)

    @property
    def decoder_dim(self) -> int:
        """Channels D of the decoder and of the encoder states."""
        return 2 * self.d_model
