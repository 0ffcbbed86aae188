"""Reading ``config.json``: sizes that are possible, and nothing else.

A checkpoint may come from anybody. What the architecture does not know never reaches the library,
and sizes are checked before anything is built from them.
"""

import inspect
import json
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import CheckpointError
from transgenic_dagster.model.configuration import VOCAB_SIZE, TransgenicConfig
from transgenic_dagster.model.dna_tokenizer import UNKNOWN_DNA_ID

MAX_JSON_BYTES = 10_000_000
_LARGEST = 1 << 16
SIZE_LIMITS: dict[str, tuple[int, int]] = {
    "d_model": (1, 1 << 13),
    "encoder_n_layer": (1, 128),
    "decoder_layers": (1, 128),
    "decoder_attention_heads": (1, 256),
    "decoder_ffn_dim": (1, _LARGEST),
    "vocab_size": (VOCAB_SIZE, VOCAB_SIZE),
    "max_encoder_seqlen": (1, 1 << 21),
    "max_decoder_position_embeddings": (2, _LARGEST),
    "encoder_d_inner": (1, _LARGEST),
    "encoder_filter_order": (1, _LARGEST),
    "encoder_emb_dim": (1, _LARGEST),
    "encoder_vocab_size": (UNKNOWN_DNA_ID + 1, _LARGEST),
}
"""Smallest and largest value of each size; the published models are far from the largest."""
_KNOWN = inspect.signature(TransgenicConfig).parameters.keys() - {"kwargs"}


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        CheckpointError: the file is unreadable, too long, or holds something else.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise CheckpointError(f"{path} is larger than {MAX_JSON_BYTES:,} bytes.")
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not readable JSON ({error}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} holds no JSON object.")
    return values


def read_config_file(path: Path) -> TransgenicConfig:
    """Read ``config.json``; what the architecture does not know is left out.

    Raises:
        CheckpointError: no JSON, the configuration of another kind of model, or a size that is
            not possible; the message names it.
    """
    values = read_json(path)
    model_type = values.get("model_type")
    if model_type != TransgenicConfig.model_type:
        raise CheckpointError(
            f"{path} describes a model of type {model_type!r}, not "
            f"{TransgenicConfig.model_type!r}; choose a TransGenic checkpoint."
        )
    known = {key: value for key, value in values.items() if key in _KNOWN}
    for name in SIZE_LIMITS.keys() & known.keys():
        _check_size(path, name, known[name])
    config = TransgenicConfig(**known)
    eps = config.layer_norm_eps
    if not (isinstance(eps, float) and 0 < eps < 1):
        raise CheckpointError(f"{path}: layer_norm_eps {eps!r} is not a number between 0 and 1.")
    if config.decoder_dim % config.decoder_attention_heads:
        raise CheckpointError(
            f"{path}: decoder_attention_heads {config.decoder_attention_heads} does not divide "
            f"the decoder's {config.decoder_dim} channels."
        )
    return config


def check_sizes(path: Path, config: TransgenicConfig) -> None:
    """Check all sizes of a configuration that was completed from a checkpoint's tensors.

    Raises:
        CheckpointError: a size is not possible; the message names it.
    """
    for name in SIZE_LIMITS:
        _check_size(path, name, getattr(config, name))


def _check_size(path: Path, name: str, value: object) -> None:
    smallest, largest = SIZE_LIMITS[name]
    if type(value) is int and smallest <= value <= largest:
        return
    wanted = f"{smallest}" if smallest == largest else f"a whole number, {smallest} to {largest:,}"
    shown = repr(value)
    raise CheckpointError(
        f"{path}: {name} {shown if len(shown) < 40 else shown[:40] + '…'} is not {wanted}; choose "
        "a TransGenic checkpoint."
    )
