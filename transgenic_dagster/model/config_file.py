"""The configuration of a checkpoint, from its ``config.json`` and nothing else in it.

What the architecture does not know never reaches the library.
"""

import inspect
from pathlib import Path

from transgenic_dagster.checkpoint.config_values import SIZE_LIMITS, check_size, read_config_values
from transgenic_dagster.errors import CheckpointError
from transgenic_dagster.model.configuration import TransgenicConfig

_KNOWN = inspect.signature(TransgenicConfig).parameters.keys() - {"kwargs"}


def read_config_file(path: Path) -> TransgenicConfig:
    """Read ``config.json``; what the architecture does not know is left out.

    Raises:
        CheckpointError: no JSON, the configuration of another kind of model, or a size that is
            not possible; the message names it.
    """
    values = read_config_values(path)
    known = {key: value for key, value in values.items() if key in _KNOWN}
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
        check_size(path, name, getattr(config, name))
