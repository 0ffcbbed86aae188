"""Reading TransGenic checkpoints, completely or their configuration alone."""

from collections.abc import Mapping

import torch

from transgenic_dagster.checkpoint.files import CheckpointFiles, fetch_config_file
from transgenic_dagster.errors import CheckpointError
from transgenic_dagster.model.config_file import check_sizes, read_config_file
from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.weight_files import check_finite, read_weights
from transgenic_dagster.system.wording import counted

_BACKBONE = "transgenic.encoder.hyena.backbone."
_EMBEDDINGS = (
    "transgenic.decoder.embed_tokens.weight",
    "transgenic.decoder_embed_tokens.weight",
    "lm_head.weight",
)


def fetch_config(
    name: str, *, revision: str | None = None, offline: bool = False
) -> TransgenicConfig:
    """Read a checkpoint's configuration alone; from the hub no weights are fetched.

    Raises:
        MissingOnMachineError: not there and not to be had.
        CheckpointError: a local folder without weights, or another kind of model.
    """
    return read_config_file(fetch_config_file(name, revision=revision, offline=offline))


def read_config(files: CheckpointFiles) -> TransgenicConfig:
    """Read ``config.json`` alone (the encoder's inner sizes keep their defaults).

    Raises:
        CheckpointError: no JSON, the configuration of another kind of model, or a size that is
            not possible.
    """
    return read_config_file(files.config)


def read_checkpoint(files: CheckpointFiles) -> tuple[TransgenicConfig, dict[str, torch.Tensor]]:
    """Read a checkpoint completely.

    Returns:
        The configuration, completed from the tensors' shapes, and every tensor of the model under
        its published key, tied ones included.

    Raises:
        CheckpointError: unreadable files, sizes that are not possible, weights that are not
            finite numbers, or tied tensors that are missing or in contradiction.
    """
    config = read_config(files)
    tensors: dict[str, torch.Tensor] = {}
    for path in files.weights:
        read = read_weights(path)
        check_finite(path, read)
        tensors.update(read)
    tensors = {key.replace("_orig_mod.", ""): tensor for key, tensor in tensors.items()}
    _complete_sizes(config, tensors, files)
    check_sizes(files.config, config)
    for group in (_EMBEDDINGS, *_frequency_groups(config)):
        _complete_tied(tensors, group, files)
    return config, tensors


def _complete_sizes(
    config: TransgenicConfig, tensors: dict[str, torch.Tensor], files: CheckpointFiles
) -> None:
    layer = f"{_BACKBONE}layers.0."
    sizes = (
        ("encoder_d_inner", f"{layer}mlp.fc1.weight", 0),
        ("encoder_filter_order", f"{layer}mixer.filter_fn.implicit_filter.0.weight", 0),
        ("encoder_emb_dim", f"{layer}mixer.filter_fn.implicit_filter.0.weight", 1),
        ("encoder_vocab_size", f"{_BACKBONE}embeddings.word_embeddings.weight", 0),
    )
    for attribute, key, dimension in sizes:
        if key not in tensors or tensors[key].dim() <= dimension:
            raise CheckpointError(f"Checkpoint {files.name!r} lacks the tensor {key}.")
        setattr(config, attribute, tensors[key].shape[dimension])


def _frequency_groups(config: TransgenicConfig) -> list[tuple[str, ...]]:
    prefix = f"{_BACKBONE}layers.{{}}.mixer.filter_fn.implicit_filter.{{}}.freq"
    return [
        tuple(prefix.format(layer, position) for position in (1, 3, 5))
        for layer in range(config.encoder_n_layer)
    ]


def _complete_tied(
    tensors: dict[str, torch.Tensor], group: tuple[str, ...], files: CheckpointFiles
) -> None:
    """Give every key of a tied group its tensor; which of them a file holds varies."""
    present = [key for key in group if key in tensors]
    if not present:
        raise CheckpointError(f"Checkpoint {files.name!r} lacks the tensor {group[0]}.")
    first = tensors[present[0]]
    for key in present[1:]:
        if not torch.equal(first, tensors[key]):
            raise CheckpointError(
                f"Checkpoint {files.name!r}: {present[0]} and {key} should be one tensor but "
                "differ."
            )
    for key in group:
        tensors[key] = first


def check_tensors(
    files: CheckpointFiles,
    tensors: Mapping[str, torch.Tensor],
    expected: Mapping[str, torch.Tensor],
) -> None:
    """Compare a checkpoint's tensors with those that its configuration asks for.

    Raises:
        CheckpointError: a missing or left-over key or another shape; the message names it.
    """
    missing = sorted(expected.keys() - tensors.keys())
    left_over = sorted(tensors.keys() - expected.keys())
    if missing or left_over:
        parts = [
            f"{word} {counted(len(keys), 'tensor')}: {', '.join(keys[:3])}{' …' * (len(keys) > 3)}"
            for word, keys in (("lacks", missing), ("has unknown", left_over))
            if keys
        ]
        raise CheckpointError(f"Checkpoint {files.name!r} {' and '.join(parts)}.")
    for key, tensor in tensors.items():
        if tensor.shape != expected[key].shape:
            raise CheckpointError(
                f"Checkpoint {files.name!r}: tensor {key} has shape {tuple(tensor.shape)}, "
                f"config.json asks for {tuple(expected[key].shape)}."
            )
