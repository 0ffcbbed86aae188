"""Reading ``config.json``: sizes that are possible.

A checkpoint may come from anybody; sizes are checked before anything is built from them.
"""

import json
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import CheckpointError

MODEL_TYPE = "transgenicHyena"
VOCAB_SIZE = 272
"""Tokens of gene sentences; no model has other ones."""
DNA_IDS = 12
"""Ids that letters of DNA are among."""
MAX_ENCODER_SEQLEN = 49_152
"""Longest window (nt) of a model that does not say it."""
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
    "encoder_vocab_size": (DNA_IDS, _LARGEST),
}
"""Smallest and largest value of each size; the published models are far from the largest."""


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


def read_config_values(path: Path) -> dict[str, Any]:
    """Read the values of ``config.json``; the longest window is always among them.

    Raises:
        CheckpointError: no JSON, the configuration of another kind of model, or a size that is
            not possible; the message names it.
    """
    values = {"max_encoder_seqlen": MAX_ENCODER_SEQLEN, **read_json(path)}
    model_type = values.get("model_type")
    if model_type != MODEL_TYPE:
        raise CheckpointError(
            f"{path} describes a model of type {model_type!r}, not {MODEL_TYPE!r}; choose a "
            "TransGenic checkpoint."
        )
    for name in SIZE_LIMITS.keys() & values.keys():
        check_size(path, name, values[name])
    return values


def check_size(path: Path, name: str, value: object) -> None:
    """Check one size.

    Raises:
        CheckpointError: it is not possible; the message names it.
    """
    smallest, largest = SIZE_LIMITS[name]
    if type(value) is int and smallest <= value <= largest:
        return
    wanted = f"{smallest}" if smallest == largest else f"a whole number, {smallest} to {largest:,}"
    shown = repr(value)
    raise CheckpointError(
        f"{path}: {name} {shown if len(shown) < 40 else shown[:40] + '…'} is not {wanted}; choose "
        "a TransGenic checkpoint."
    )
