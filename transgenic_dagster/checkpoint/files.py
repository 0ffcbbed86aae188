"""Finding the files of a TransGenic checkpoint, whatever form they have.

Only ``config.json`` and weights are ever fetched; nothing in a checkpoint is executed.
"""

from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.checkpoint.config_values import read_config_values, read_json
from transgenic_dagster.errors import CheckpointError, MissingOnMachineError
from transgenic_dagster.system.digest import file_sha256

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


def fetch_config_file(name: str, *, revision: str | None = None, offline: bool = False) -> Path:
    """Find a checkpoint's ``config.json``; from the hub no weights are fetched.

    Raises:
        MissingOnMachineError: not there and not to be had.
        CheckpointError: a local folder without weights.
    """
    if _local_path(name) is not None:
        return resolve_checkpoint(name).config
    return _download(name, revision, offline, None, None, [CONFIG_NAME]) / CONFIG_NAME


def fetch_longest_window(name: str, *, revision: str | None = None, offline: bool = False) -> int:
    """Longest window (nt) that a model reads.

    Raises:
        MissingOnMachineError: not there and not to be had.
        CheckpointError: a local folder without weights, or another kind of model.
    """
    path = fetch_config_file(name, revision=revision, offline=offline)
    return int(read_config_values(path)["max_encoder_seqlen"])


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
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

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
