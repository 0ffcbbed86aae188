"""The TransGenic network: HyenaDNA encoder, downsampling and Longformer-style decoder."""

from transgenic_dagster.checkpoint.files import (
    CheckpointFiles,
    fetch_checkpoint,
    resolve_checkpoint,
)
from transgenic_dagster.model.checkpoint import read_config
from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.decoding import Decoding
from transgenic_dagster.model.dna_tokenizer import encode_dna
from transgenic_dagster.model.downsample import encoder_states_length
from transgenic_dagster.model.model import TransgenicForConditionalGeneration

__all__ = [
    "CheckpointFiles",
    "Decoding",
    "TransgenicConfig",
    "TransgenicForConditionalGeneration",
    "encode_dna",
    "encoder_states_length",
    "fetch_checkpoint",
    "read_config",
    "resolve_checkpoint",
]
