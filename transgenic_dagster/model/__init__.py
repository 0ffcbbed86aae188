"""The TransGenic network: HyenaDNA encoder, downsampling and Longformer-style decoder."""

from .checkpoint import (
    CheckpointFiles,
    fetch_checkpoint,
    read_config,
    resolve_checkpoint,
)
from .configuration import TransgenicConfig
from .dna_tokenizer import encode_dna
from .downsample import memory_length
from .model import Decoding, TransgenicForConditionalGeneration

__all__ = [
    "CheckpointFiles",
    "Decoding",
    "TransgenicConfig",
    "TransgenicForConditionalGeneration",
    "encode_dna",
    "fetch_checkpoint",
    "memory_length",
    "read_config",
    "resolve_checkpoint",
]
