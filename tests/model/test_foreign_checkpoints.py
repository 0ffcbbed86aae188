"""Checkpoints from strangers: whatever their files hold, the answer is one error or a model."""

import json
import os
import shutil
import time
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from tests import golden
from transgenic_dagster.errors import CheckpointError
from transgenic_dagster.gsf.vocabulary import TOKENS
from transgenic_dagster.model import (
    TransgenicConfig,
    TransgenicForConditionalGeneration,
    read_config,
    resolve_checkpoint,
    weight_files,
)

CONFIG = json.loads((golden.TINY_CHECKPOINT / "config.json").read_text())
WEIGHTS = golden.TINY_CHECKPOINT / "model.safetensors"
EMBEDDING = "transgenic.decoder.embed_tokens.weight"
KEY = "transgenic.downsample.norm1.weight"
SIZES = (
    "d_model",
    "encoder_n_layer",
    "decoder_layers",
    "decoder_attention_heads",
    "decoder_ffn_dim",
    "vocab_size",
    "max_encoder_seqlen",
    "max_decoder_position_embeddings",
)
SAME_FOLDER = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(golden.TINY_CHECKPOINT, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture(scope="module")
def pickled(tmp_path_factory):
    """The tiny weights as ``.bin`` in PyTorch's present and its old format."""
    made = {}
    for zipped in (True, False):
        path = tmp_path_factory.mktemp("pickled") / "weights.bin"
        torch.save(load_file(WEIGHTS), path, _use_new_zipfile_serialization=zipped)
        made[zipped] = path.read_bytes()
    return made


def load(folder):
    return TransgenicForConditionalGeneration.from_pretrained(folder)


def configure(folder, **values):
    (folder / "config.json").write_text(json.dumps(CONFIG | values))


def refuse(folder, message):
    began = time.process_time()
    with pytest.raises(CheckpointError, match=message) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    assert time.process_time() - began < 1


def test_what_the_architecture_does_not_know_never_reaches_the_library(folder):
    configure(
        folder,
        _attn_implementation="flash_attention_2",
        attn_implementation="nonsense",
        quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True},
        auto_map={"AutoModel": "evil.Model"},
        dtype="float8",
        torch_dtype="nonsense",
        architectures=["Evil"],
        num_labels=10**12,
        gradient_checkpointing=True,
        eos_token_id="evil",
        id2label=[],
    )
    config = load(folder).config
    assert (config.eos_token_id, config.dtype, config.num_labels) == (2, torch.float32, 2)
    assert not hasattr(config, "quantization_config")
    assert not hasattr(config, "auto_map")


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize(
    "value", [0, -1, 10**9, 10**400, 768.0, True, "12", None, [12], {}], ids=lambda v: str(v)[:9]
)
def test_an_absurd_size_is_refused_before_anything_is_built(folder, name, value):
    configure(folder, **{name: value})
    refuse(folder, f"config.json: {name} .* is not ")
    with pytest.raises(CheckpointError):
        read_config(resolve_checkpoint(str(folder)))


def test_the_vocabulary_of_models_is_that_of_gene_sentences():
    assert len(TOKENS) == TransgenicConfig().vocab_size


@pytest.mark.parametrize("value", [271, 273, 50_000])
def test_another_vocabulary_is_refused(folder, value):
    configure(folder, vocab_size=value)
    refuse(folder, f"vocab_size {value} is not 272")


def test_the_largest_sizes_that_are_allowed_are_not_allocated(folder):
    configure(folder, d_model=8192, decoder_ffn_dim=65536, max_encoder_seqlen=2**21)
    refuse(folder, "has shape")


@pytest.mark.parametrize("value", [0, -1e-5, "small", 7, 1e999])
def test_an_impossible_epsilon_is_refused(folder, value):
    configure(folder, layer_norm_eps=value)
    refuse(folder, "layer_norm_eps")


def test_heads_that_do_not_divide_the_channels_are_refused(folder):
    configure(folder, decoder_attention_heads=7)
    refuse(folder, "decoder_attention_heads 7 does not divide")


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn])
def test_weights_that_are_not_floating_point_are_refused(folder, dtype):
    tensors = load_file(WEIGHTS)
    save_file(tensors | {KEY: tensors[KEY].to(dtype)}, folder / "model.safetensors")
    refuse(folder, f"tensor {KEY} is {str(dtype)[6:]}")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_that_is_not_finite_names_its_tensor(folder, value):
    tensors = load_file(WEIGHTS)
    tensors[KEY][3] = value
    save_file(tensors, folder / "model.safetensors")
    refuse(folder, f"tensor {KEY} holds NaN or infinite")


def test_large_finite_weights_are_not_taken_for_infinite_ones(folder):
    tensors = load_file(WEIGHTS)
    tensors[KEY].fill_(torch.finfo(torch.float32).max)
    save_file(tensors, folder / "model.safetensors")
    load(folder)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(1).expand(10**12), "larger than what the file holds"),
        (torch.zeros(10**12, device="meta"), "not floating-point|cannot be read"),
        (torch.eye(3).to_sparse(), "sparse_coo, not|cannot be read"),
        ("text", "something other than named tensors"),
    ],
)
def test_tensors_that_are_not_plain_numbers_are_refused(folder, tensor, message):
    (folder / "model.safetensors").unlink()
    torch.save(load_file(WEIGHTS) | {EMBEDDING: tensor}, folder / "pytorch_model.bin")
    refuse(folder, message)


def test_a_pickle_that_unpacks_to_more_than_it_has_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with zipfile.ZipFile(folder / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(10_000_000))
    refuse(folder, "unpacks to 10,000,000 bytes")


@pytest.mark.parametrize(
    "index", ['{"weight_map": []}', '{"weight_map": {"a": 1}}', "{}", "[" * 99999]
)
def test_a_damaged_index_is_refused(folder, index):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(index)
    refuse(folder, "index.json")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@SAME_FOLDER
@given(st.dictionaries(st.sampled_from(sorted(CONFIG)) | st.text(max_size=9), anything, max_size=4))
def test_any_configuration_loads_or_is_refused(folder, changes):
    configure(folder, **changes)
    loads_or_is_refused(folder)


def loads_or_is_refused(folder):
    try:
        load(folder)
    except CheckpointError as error:
        assert "\n" not in str(error)


def damage(content, data):
    """Bytes with some of them changed, inserted or cut off, most often near an end."""
    content = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        near = data.draw(st.integers(0, min(4000, len(content) - 1)))
        at = data.draw(
            st.sampled_from([near, len(content) - 1 - near, near * len(content) // 4001])
        )
        what = data.draw(st.sampled_from(["change", "insert", "cut"]))
        if what == "change":
            content[at] = data.draw(st.integers(0, 255))
        elif what == "insert":
            content[at:at] = data.draw(st.binary(min_size=1, max_size=9))
        else:
            del content[max(at, 1) :]
    return bytes(content)


@SAME_FOLDER
@given(st.data())
def test_damaged_safetensors_load_or_are_refused(folder, data):
    (folder / "model.safetensors").write_bytes(damage(WEIGHTS.read_bytes(), data))
    loads_or_is_refused(folder)


def test_weights_that_are_cut_short_while_they_are_read_are_refused(folder, monkeypatch):
    real = weight_files.safe_open

    def cut_first(*args, **options):
        described = real(*args, **options)
        os.truncate(folder / "model.safetensors", 20_000)
        return described

    monkeypatch.setattr(weight_files, "safe_open", cut_first)
    refuse(folder, r"cannot be read \(it ends inside the tensor")


@pytest.mark.parametrize("zipped", [True, False])
@SAME_FOLDER
@given(data=st.data())
def test_damaged_pickles_load_or_are_refused(folder, pickled, zipped, data):
    (folder / "model.safetensors").unlink(missing_ok=True)
    (folder / "pytorch_model.bin").write_bytes(damage(pickled[zipped], data))
    loads_or_is_refused(folder)
