import math
import os
import shutil

import pytest
import torch

from tests import golden
from tests.model.test_checkpoint import VARIANTS, all_tensors
from transgenic_dagster.errors import CheckpointError, MissingOnMachineError, UsageError
from transgenic_dagster.inference import bf16_gain as bf16_gain_module
from transgenic_dagster.inference import device as device_module
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.bf16_gain import bf16_gain
from transgenic_dagster.inference.device import (
    DTYPES,
    choose_devices,
    choose_precision,
    memory_of,
    swap_warning,
)
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.model import (
    TransgenicConfig,
    TransgenicForConditionalGeneration,
    cpu_operations,
    encode_dna,
    resolve_checkpoint,
)
from transgenic_dagster.regions.region import Region

CPU = torch.device("cpu")
OPTIONS = DecodingOptions(max_length=golden.MAX_LENGTH)
NAMES = ("a6144", "b6144", "c6144")


def load(precision="fp32", **options):
    return Engine.load(resolve_checkpoint(str(golden.TINY_CHECKPOINT)), CPU, precision, **options)


@pytest.fixture(scope="module")
def engine():
    return load()


REGIONS = [Region(i, name, name, 0, 6144, "+", 0, 6144) for i, name in enumerate(NAMES)]


def input_ids():
    return torch.stack([encode_dna(golden.tiny_windows()[name]["sequence"]) for name in NAMES])


def recorded():
    return [golden.tiny_windows()[name]["beam2"]["decoded_raw"] for name in NAMES]


@pytest.mark.parametrize("batch_size", [1, 2, None])
def test_sentences_are_those_of_the_published_model(engine, batch_size):
    sentences = engine.predict(REGIONS, input_ids(), OPTIONS, batch_size=batch_size)
    assert [sentence.raw for sentence in sentences] == recorded()
    assert [sentence.region_id for sentence in sentences] == [0, 1, 2]


@pytest.mark.parametrize("batch_size", [1, 2])
def test_sentences_are_the_same_with_kernels(engine, monkeypatch, batch_size):
    monkeypatch.setattr(cpu_operations, "MIN_CHANNELS", 1)
    sentences = engine.predict(REGIONS, input_ids(), OPTIONS, batch_size=batch_size)
    assert [sentence.raw for sentence in sentences] == recorded()


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_published_form_of_a_checkpoint_gives_the_same_sentences(tmp_path, variant):
    shutil.copy(golden.TINY_CHECKPOINT / "config.json", tmp_path)
    VARIANTS[variant](tmp_path, all_tensors())
    engine = Engine.load(resolve_checkpoint(str(tmp_path)), CPU, "fp32")
    sentences = engine.predict(REGIONS, input_ids(), OPTIONS, batch_size=2)
    assert [sentence.raw for sentence in sentences] == recorded()


@pytest.mark.parametrize(
    "full", [torch.OutOfMemoryError("full"), RuntimeError("can't allocate memory: 9 bytes")]
)
def test_a_full_memory_halves_the_batch(engine, monkeypatch, full):
    attempts = []
    decode = engine._decode

    def decode_few(regions, ids, options, batch_size, prompts):
        attempts.append((len(regions), batch_size))
        if batch_size > 1 or len(regions) > 2:
            raise full
        return decode(regions, ids, options, batch_size, prompts)

    monkeypatch.setattr(engine, "_decode", decode_few)
    sentences = engine.predict(REGIONS, input_ids(), OPTIONS)
    assert [sentence.raw for sentence in sentences] == recorded()
    assert attempts == [(3, 3), (3, 1), (1, 1), (1, 1), (1, 1)]


def test_a_region_that_never_fits_is_marked(engine, monkeypatch):
    def encode(ids):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(engine.model, "encode", encode)
    sentences = engine.predict(REGIONS, input_ids(), OPTIONS)
    assert [sentence.failure for sentence in sentences] == ["out_of_memory"] * 3


def test_another_error_is_not_taken_for_a_full_memory(engine, monkeypatch):
    def encode(ids):
        raise RuntimeError("something else")

    monkeypatch.setattr(engine.model, "encode", encode)
    with pytest.raises(RuntimeError, match="something else"):
        engine.predict(REGIONS, input_ids(), OPTIONS)


def test_logits_that_are_not_finite_end_the_prediction():
    engine = load()
    engine.model.final_logits_bias[0, 7] = torch.nan
    with pytest.raises(CheckpointError, match=r"infinite in fp32.*a6144:1-6144.*checkpoint again"):
        engine.predict(REGIONS, input_ids(), OPTIONS)


def test_weights_that_overflow_in_fp16_name_the_precision():
    def predict(precision):
        model = TransgenicForConditionalGeneration.from_pretrained(
            golden.TINY_CHECKPOINT, dtype=DTYPES[precision]
        )
        with torch.no_grad():
            layer = model.transgenic.decoder.layers[-1]
            layer.fc1.bias.fill_(6e4)
            layer.fc2.weight.fill_(1)
        engine = Engine(model, CPU, precision)
        return engine.predict(REGIONS, input_ids(), DecodingOptions(max_length=3))

    with pytest.raises(CheckpointError, match=r"NaN or infinite in fp16.*--precision fp32 or bf16"):
        predict("fp16")
    assert len(predict("bf16")) == len(REGIONS)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_is_used_and_stays_near(precision):
    engine = load(precision)
    assert engine.model.transgenic.decoder.cache_layout.dtype.itemsize == 2
    [sentence, *_] = engine.predict(REGIONS, input_ids(), DecodingOptions(max_length=3))
    assert sentence.score == pytest.approx(-2.6, abs=0.8)


@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("0", "0")])
def test_a_cpu_takes_huge_pages_unless_the_user_forbids_it(monkeypatch, before, after):
    variable = "THP_MEM_ALLOC_ENABLE"
    monkeypatch.setenv(variable, before or "")
    if before is None:
        monkeypatch.delenv(variable)
    load()
    assert os.environ[variable] == after


@pytest.mark.parametrize(("name", "number"), [("cuda", 0), ("cuda:1", 1)])
def test_a_gpu_becomes_the_present_one_and_takes_no_shortcuts(monkeypatch, name, number):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    model = TransgenicForConditionalGeneration.from_pretrained(golden.TINY_CHECKPOINT)
    monkeypatch.setattr(TransgenicForConditionalGeneration, "from_files", lambda *_, **__: model)
    monkeypatch.setattr(model, "to", lambda device: None)
    Engine.load(resolve_checkpoint(str(golden.TINY_CHECKPOINT)), torch.device(name), "fp32")
    assert chosen == [number]
    assert not torch.backends.cudnn.allow_tf32


def test_compile_compiles_the_encoder_and_every_decoder_layer(monkeypatch):
    compiled = []

    def compile_nothing(function, **_):
        compiled.append(function)
        return function

    monkeypatch.setattr(torch, "compile", compile_nothing)
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda module, **_: compiled.append(type(module).__name__)
    )
    engine = load(compile_model=True)
    assert compiled[1:] == ["DecoderLayer", "DecoderLayer"]
    sentences = engine.predict(REGIONS, input_ids(), OPTIONS)
    assert [sentence.raw for sentence in sentences] == recorded()


def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(MissingOnMachineError, match="--device cuda:99"):
        choose_devices("cuda:99")


@pytest.mark.parametrize("name", ["all", "cuda:0,cuda:1"])
def test_several_gpus_that_are_not_there_are_refused(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(MissingOnMachineError, match=f"--device {name}: .* no GPUs"):
        choose_devices(name)


def test_all_gpus_are_as_many_as_there_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert [device.index for device in choose_devices("all")] == [0, 1, 2]
    assert [device.index for device in choose_devices("cuda:2,cuda:0")] == [2, 0]


@pytest.mark.parametrize(("gain", "precision"), [(1.39, "fp32"), (1.4, "bf16")])
def test_automatic_precision_on_a_cpu_is_bf16_where_that_is_clearly_faster(
    monkeypatch, caplog, gain, precision
):
    monkeypatch.setattr(device_module, "bf16_gain", lambda config: gain)
    caplog.set_level("INFO")
    assert choose_precision("auto", CPU, TransgenicConfig()) == precision
    assert ("bf16 is 1.4 times as fast as fp32" in caplog.text) == (precision == "bf16")
    assert choose_precision("bf16", CPU, TransgenicConfig()) == "bf16"
    assert choose_precision("fp32", CPU, TransgenicConfig()) == "fp32"


def test_a_small_model_stays_in_fp32_whatever_the_moment():
    assert bf16_gain(TransgenicConfig(d_model=256, encoder_d_inner=1024)) == 1.0


def test_measuring_takes_one_core_and_leaves_the_others_as_they_were(monkeypatch):
    threads = torch.get_num_threads()
    monkeypatch.setattr(bf16_gain_module, "_LEAST_WIDTH", 32)
    monkeypatch.setattr(bf16_gain_module, "can_pack", lambda dtype: True)
    config = TransgenicConfig(d_model=32, encoder_d_inner=64, max_encoder_seqlen=1024)
    assert 0 < bf16_gain(config) < math.inf
    assert torch.get_num_threads() == threads


def test_nothing_is_gained_where_the_cpu_has_no_bf16(monkeypatch):
    monkeypatch.setattr(bf16_gain_module, "can_pack", lambda dtype: False)
    assert bf16_gain(TransgenicConfig()) == 1.0


def test_swapping_is_warned_of_only_where_the_model_does_not_fit(monkeypatch, tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemAvailable: 1000 kB\nSwapTotal: 500 kB\nSwapFree: 100 kB\n")
    monkeypatch.setattr(device_module, "MEMINFO", meminfo)
    assert "systemd-run" in swap_warning(2_000_000)
    assert swap_warning(1_000) is None
    meminfo.write_text("MemAvailable: 1000 kB\nSwapTotal: 500 kB\nSwapFree: 500 kB\n")
    assert swap_warning(2_000_000) is None


def test_a_run_counts_on_free_memory_and_no_more_than_its_job_was_granted(monkeypatch, tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 2000000 kB\nMemAvailable: 1000000 kB\n")
    monkeypatch.setattr(device_module, "MEMINFO", meminfo)
    monkeypatch.setattr(device_module, "memory_limits", list)
    monkeypatch.delenv("TRANSGENIC_MEMORY_MB", raising=False)
    assert memory_of(CPU) == 1_000_000 << 10
    monkeypatch.setenv("TRANSGENIC_MEMORY_MB", "64")
    assert memory_of(CPU) == 64 << 20
    monkeypatch.setenv("TRANSGENIC_MEMORY_MB", "1000000")
    assert memory_of(CPU) == 1_000_000 << 10


@pytest.mark.parametrize("value", ["0", "8G", "-1"])
def test_a_grant_that_is_no_number_of_megabytes_is_refused(monkeypatch, value):
    monkeypatch.setenv("TRANSGENIC_MEMORY_MB", value)
    with pytest.raises(UsageError, match=f"TRANSGENIC_MEMORY_MB='{value}'"):
        memory_of(CPU)
