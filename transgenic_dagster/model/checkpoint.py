"""Finding and reading TransGenic checkpoints, whatever form their files have.

Only ``config.json`` and weights are ever fetched or read; nothing in a checkpoint is executed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from transgenic_dagster.errors import CheckpointError, MissingOnMachineError
from transgenic_dagster.model.config_file import check_sizes, read_config_file, read_json
from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.weight_files import check_finite, read_weights
from transgenic_dagster.system.digest import file_sha256
from transgenic_dagster.system.wording import counted

DEMO_MODEL = "demo"
_DEMO_FOLDER = Path(__file__).parents[1] / "demo" / "checkpoint"
CONFIG_NAME = "config.json"
# In the order of preference; an index names the shards beside it.
WEIGHT_NAMES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_HUB_PATTERNS = (
    [CONFIG_NAME, "model*.safetensors", "model.safetensors.index.json"],
    [CONFIG_NAME, "pytorch_model*.bin", "pytorch_model.bin.index.json"],
)
_BACKBONE = "transgenic.encoder.hyena.backbone."
_EMBEDDINGS = (
    "transgenic.decoder.embed_tokens.weight",
    "transgenic.decoder_embed_tokens.weight",
    "lm_head.weight",
)


@dataclass(frozen=True)
class CheckpointFiles:
    """The files of one checkpoint.

    Args:
        name: what the user called it.
        config: its ``config.json``.
        weights: weight files, in a stable order.
    """

    name: str
    config: Path
    weights: tuple[Path, ...]

    def sha256(self) -> str:
        """Digest over the contents of all files."""
        return file_sha256(self.config, *self.weights)


def resolve_checkpoint(
    name: str,
    *,
    revision: str | None = None,
    offline: bool = False,
    cache_dir: str | Path | None = None,
) -> CheckpointFiles:
    """Find a checkpoint's files, fetching them from the hub where that is needed and allowed.

    Args:
        name: local folder, weight file with ``config.json`` beside it, hub name, or ``demo`` for
            the bundled demo model.
        revision: branch, tag or commit on the hub.
        offline: use only what is on this machine.
        cache_dir: hub cache, the library's own by default.

    Raises:
        MissingOnMachineError: not there and not to be had.
        CheckpointError: a folder that lacks ``config.json`` or weights.
    """
    path = _local_path(name)
    if path is None:
        return _fetch(name, revision, offline, cache_dir)
    if path.is_file():
        return _files_in(name, path.parent, path)
    return _files_in(name, path)


def fetch_config(
    name: str,
    *,
    revision: str | None = None,
    offline: bool = False,
    cache_dir: str | Path | None = None,
) -> TransgenicConfig:
    """Read a checkpoint's configuration alone; from the hub no weights are fetched.

    Raises:
        MissingOnMachineError: not there and not to be had.
        CheckpointError: a local folder without weights, or another kind of model.
    """
    path = _local_path(name)
    if path is not None:
        return read_config(resolve_checkpoint(name))
    folder = _download(name, revision, offline, cache_dir, None, [CONFIG_NAME])
    return read_config(CheckpointFiles(name, folder / CONFIG_NAME, ()))


def fetch_checkpoint(name: str, folder: Path, *, revision: str | None = None) -> CheckpointFiles:
    """Copy a hub checkpoint's configuration and weights into a folder.

    Raises:
        MissingOnMachineError: the hub or the model cannot be reached.
        CheckpointError: the repository holds no weights.
    """
    return _fetch(name, revision, offline=False, cache_dir=None, local_dir=folder)


def _local_path(name: str) -> Path | None:
    """The file or folder of that name, or None where it is a hub name.

    ``demo`` is always the bundled model; a folder of that name is ``./demo``.

    Raises:
        MissingOnMachineError: it is neither.
    """
    if name == DEMO_MODEL:
        return _DEMO_FOLDER
    path = Path(name).expanduser()
    try:
        found = bool(name) and path.exists()
    except (OSError, ValueError):  # it is too long, or not a name at all
        found = False
    if found:
        return path
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise MissingOnMachineError(
            f"Model {name!r} is neither a folder on this machine nor a hub name (OWNER/NAME) nor "
            f"{DEMO_MODEL!r}; check the name of the model."
        )
    return None


def _fetch(
    name: str,
    revision: str | None,
    offline: bool,
    cache_dir: str | Path | None,
    local_dir: Path | None = None,
) -> CheckpointFiles:
    for patterns in _HUB_PATTERNS:
        folder = _download(name, revision, offline, cache_dir, local_dir, patterns)
        if any((folder / weight_name).is_file() for weight_name in WEIGHT_NAMES):
            return _files_in(name, folder)
    raise CheckpointError(
        f"Model {name!r} holds none of {', '.join(WEIGHT_NAMES)}; choose another model."
    )


def _download(
    name: str,
    revision: str | None,
    offline: bool,
    cache_dir: str | Path | None,
    local_dir: Path | None,
    patterns: list[str],
) -> Path:
    """Bring the files of a hub repository that match here; the folder they are in."""
    remedy = (
        "On a machine with network run 'transgenic-fetch-model "
        f"{name} DIR', copy DIR here and pass --model DIR."
    )
    try:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                cache_dir=cache_dir,
                local_dir=local_dir,
                local_files_only=offline,
                allow_patterns=patterns,
            )
        )
    except HFValidationError as error:
        raise MissingOnMachineError(
            f"{name!r} is not a valid hub name ({error}); check the name of the model."
        ) from error
    except LocalEntryNotFoundError as error:
        why = "is not in the local cache and --offline forbids fetching it"
        if not offline:
            why = "is not in the local cache and the hub cannot be reached"
        raise MissingOnMachineError(f"Model {name!r} {why}. {remedy}") from error
    except (HfHubHTTPError, OSError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise MissingOnMachineError(
            f"Model {name!r} cannot be fetched ({first_line}). {remedy}"
        ) from error


def _files_in(name: str, folder: Path, weights: Path | None = None) -> CheckpointFiles:
    config = folder / CONFIG_NAME
    if not config.is_file():
        raise CheckpointError(
            f"Model folder {folder} has no {CONFIG_NAME}; check the name of the model."
        )
    if weights is None:
        weights = _choose_weights(folder)
    if not weights.name.endswith(".index.json"):
        return CheckpointFiles(name, config, (weights,))
    weight_map = read_json(weights).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{weights} names no shards; fetch the checkpoint again.")
    shard_names = sorted(set(map(str, weight_map.values())))
    for shard_name in shard_names:
        # A shard name is a file beside the index, never a path to somewhere else.
        if Path(shard_name).name != shard_name or not (folder / shard_name).is_file():
            raise CheckpointError(
                f"{weights} names the shard {shard_name!r}, which is not in {folder}; "
                "fetch the checkpoint again."
            )
    return CheckpointFiles(name, config, tuple(folder / shard for shard in shard_names))


def _choose_weights(folder: Path) -> Path:
    for weight_name in WEIGHT_NAMES:
        if (folder / weight_name).is_file():
            return folder / weight_name
    for suffix in (".safetensors", ".bin"):
        candidates = sorted(folder.glob(f"*{suffix}"))
        if len(candidates) == 1:
            return candidates[0]
    raise CheckpointError(
        f"Model folder {folder} has no weights ({', '.join(WEIGHT_NAMES)}); check the name of "
        "the model."
    )


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
