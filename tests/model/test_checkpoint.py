import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests import golden
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.errors import CheckpointError, MissingOnMachineError
from transgenic_dagster.model import (
    TransgenicForConditionalGeneration,
    encode_dna,
    fetch_checkpoint,
    resolve_checkpoint,
)

EMBEDDINGS = (
    "lm_head.weight",
    "transgenic.decoder_embed_tokens.weight",
    "transgenic.decoder.embed_tokens.weight",
)


def all_tensors():
    return load_file(golden.TINY_CHECKPOINT / "model.safetensors")


def as_shards(folder, tensors, suffix, save):
    keys = sorted(tensors)
    halves = [keys[::2], keys[1::2]]
    weight_map = {}
    stem = "model" if suffix == "safetensors" else "pytorch_model"
    for i, half in enumerate(halves, start=1):
        name = f"{stem}-{i:05d}-of-00002.{suffix}"
        save({key: tensors[key].clone() for key in half}, folder / name)
        weight_map |= dict.fromkeys(half, name)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps(index))


def without(tensors, *names):
    return {key: tensor for key, tensor in tensors.items() if key not in names}


def deduplicated(tensors):
    freq = [key for key in tensors if key.endswith(("3.freq", "5.freq"))]
    return without(tensors, *EMBEDDINGS[:2], *freq)


def save_bin(tensors, path):
    torch.save(tensors, path)


VARIANTS = {
    "all keys": lambda f, t: save_file(t, f / "model.safetensors"),
    "shared tensors once": lambda f, t: save_file(deduplicated(t), f / "model.safetensors"),
    "under another name": lambda f, t: save_file(deduplicated(t), f / "model.dedup.safetensors"),
    "pickle": lambda f, t: save_bin(t, f / "pytorch_model.bin"),
    "sharded safetensors": lambda f, t: as_shards(f, t, "safetensors", save_file),
    "sharded pickle": lambda f, t: as_shards(f, t, "bin", save_bin),
    "compiled": lambda f, t: save_file(
        {f"_orig_mod.{key}": tensor for key, tensor in t.items()}, f / "model.safetensors"
    ),
    **{
        f"only {kept}": lambda f, t, kept=kept: save_file(
            without(t, *(set(EMBEDDINGS) - {kept})), f / "model.safetensors"
        )
        for kept in EMBEDDINGS
    },
}


@pytest.fixture
def folder(tmp_path):
    shutil.copy(golden.TINY_CHECKPOINT / "config.json", tmp_path)
    return tmp_path


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_published_form_gives_the_recorded_logits(folder, variant):
    VARIANTS[variant](folder, all_tensors())
    model = TransgenicForConditionalGeneration.from_pretrained(folder)
    arrays = golden.tiny_arrays()
    ids = encode_dna(golden.tiny_windows()["e5000"]["sequence"])[None]
    with torch.inference_mode():
        logits = model(ids, torch.from_numpy(arrays["decoder_input_ids"])).logits
    np.testing.assert_allclose(logits, arrays["e5000.logits"], atol=1e-4, rtol=0)


def test_a_weight_file_can_be_named_itself(folder):
    save_file(all_tensors(), folder / "chosen.safetensors")
    save_file({}, folder / "model.safetensors")
    files = resolve_checkpoint(str(folder / "chosen.safetensors"))
    assert [path.name for path in files.weights] == ["chosen.safetensors"]


def refuse(folder, tensors, message):
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=message):
        TransgenicForConditionalGeneration.from_pretrained(folder)


def test_a_missing_tensor_is_named(folder):
    key = "transgenic.downsample.conv1.weight"
    refuse(folder, without(all_tensors(), key), f"lacks 1 tensor.*{key}")


def test_a_left_over_tensor_is_named(folder):
    refuse(folder, all_tensors() | {"stray.weight": torch.zeros(2)}, "unknown.*stray.weight")


def test_a_tensor_of_another_shape_is_named(folder):
    key = "transgenic.downsample.norm1.weight"
    refuse(folder, all_tensors() | {key: torch.zeros(3)}, f"{key} has shape")


def test_contradicting_tied_tensors_are_named(folder):
    tensors = all_tensors()
    tensors["lm_head.weight"] = tensors["lm_head.weight"] + 1
    refuse(folder, tensors, "lm_head.weight should be one tensor")


def test_a_pickle_with_code_is_refused_unexecuted(folder, capsys):
    class Hostile:
        def __reduce__(self):
            return (print, ("executed",))

    torch.save({"a": Hostile()}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="cannot be read"):
        TransgenicForConditionalGeneration.from_pretrained(folder)
    assert "executed" not in capsys.readouterr().out


def test_damaged_weights_are_refused(folder):
    (folder / "model.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(CheckpointError, match=r"model\.safetensors cannot be read"):
        TransgenicForConditionalGeneration.from_pretrained(folder)


def test_a_shard_outside_the_folder_is_refused(folder):
    index = {"weight_map": {"a": "../elsewhere.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="elsewhere"):
        resolve_checkpoint(str(folder))


def test_another_kind_of_model_is_refused(folder):
    save_file(all_tensors(), folder / "model.safetensors")
    (folder / "config.json").write_text('{"model_type": "bart"}')
    with pytest.raises(CheckpointError, match="'bart'"):
        TransgenicForConditionalGeneration.from_pretrained(folder)


@pytest.mark.parametrize("files", [[], ["config.json"]])
def test_an_incomplete_folder_is_refused(tmp_path, files):
    for name in files:
        shutil.copy(golden.TINY_CHECKPOINT / name, tmp_path)
    with pytest.raises(CheckpointError, match="check the name of the model"):
        resolve_checkpoint(str(tmp_path))


@pytest.mark.parametrize("name", ["./absent", "/absent/model", "no-such-folder"])
def test_a_name_that_is_nothing_is_refused_without_the_network(name):
    with pytest.raises(MissingOnMachineError, match="neither a folder"):
        resolve_checkpoint(name)


def test_demo_names_the_bundled_model_wherever_it_is_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    files = resolve_checkpoint("demo", offline=True)
    assert files.config.parent == demo_checkpoint()
    with pytest.raises(CheckpointError, match="check the name of the model"):
        resolve_checkpoint("./demo")


def test_offline_uses_the_hub_cache_only(tmp_path):
    with pytest.raises(MissingOnMachineError, match="--offline forbids"):
        resolve_checkpoint("some-lab/some-model", offline=True, cache_dir=tmp_path)


@pytest.fixture
def hub_cache(tmp_path):
    """A hub cache that holds the tiny checkpoint as the library would have stored it."""
    repository = tmp_path / "models--some-lab--tiny"
    snapshot = repository / "snapshots" / ("0" * 40)
    shutil.copytree(golden.TINY_CHECKPOINT, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    return tmp_path


def test_offline_loads_a_cached_hub_model(hub_cache):
    files = resolve_checkpoint("some-lab/tiny", offline=True, cache_dir=hub_cache)
    direct = resolve_checkpoint(str(golden.TINY_CHECKPOINT))
    assert files.sha256() == direct.sha256()


def test_fetching_asks_the_hub_for_configuration_and_weights_only(tmp_path, monkeypatch):
    asked = []

    def download(name, **arguments):
        asked.append((name, arguments["revision"], arguments["allow_patterns"]))
        shutil.copytree(golden.TINY_CHECKPOINT, arguments["local_dir"], dirs_exist_ok=True)
        return str(arguments["local_dir"])

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    files = fetch_checkpoint("some-lab/tiny", tmp_path / "here", revision="v1")
    assert files.weights == (tmp_path / "here" / "model.safetensors",)
    (name, revision, patterns), *rest = asked
    assert (name, revision, rest) == ("some-lab/tiny", "v1", [])
    assert not any(pattern.endswith((".py", "*")) for pattern in patterns)


def test_the_digest_follows_the_contents(folder):
    save_file(all_tensors(), folder / "model.safetensors")
    before = resolve_checkpoint(str(folder)).sha256()
    save_file(all_tensors() | {"lm_head.weight": torch.ones(272, 64)}, folder / "model.safetensors")
    assert resolve_checkpoint(str(folder)).sha256() != before


def test_longest_window_is_read_without_torch():
    code = (
        "import sys; from transgenic_dagster.checkpoint.files import fetch_longest_window; "
        "print(fetch_longest_window('demo'), 'torch' in sys.modules)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said == "12288 False\n"
