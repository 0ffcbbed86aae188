"""The TransGenic network: HyenaDNA encoder, downsampling and Longformer-style decoder."""

from transgenic_dagster.model.checkpoint import (
    CheckpointFiles,
    fetch_checkpoint,
    read_config,
    resolve_checkpoint,
)
from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.decoding import Decoding
from transgenic_dagster.model.dna_tokenizer import encode_dna
from transgenic_dagster.model.downsample import memory_length
from transgenic_dagster.model.model import TransgenicForConditionalGeneration

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
