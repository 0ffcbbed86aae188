import subprocess
import sys

import pytest

from transgenic_dagster.demo.train import save_checkpoint
from transgenic_dagster.demo.untrained_model import untrained_model
from transgenic_dagster.inference.batching import predicted_memory
from transgenic_dagster.inference.device import DTYPES
from transgenic_dagster.model import TransgenicConfig
from transgenic_dagster.model.packed_linear import can_pack

LENGTH, BATCH_SIZE, MAX_LENGTH = 6_144, 8, 4
PREDICT = f"""
import re, sys
from pathlib import Path
from benchmarks.workload import random_windows, regions_of
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.device import choose_devices
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.model import resolve_checkpoint

engine = Engine.load(resolve_checkpoint(sys.argv[1]), choose_devices("cpu")[0], sys.argv[2])
windows = random_windows({BATCH_SIZE + 1}, {LENGTH})
options = DecodingOptions(max_length={MAX_LENGTH})
engine.predict(regions_of(windows), windows, options, batch_size={BATCH_SIZE})
# The maximum that getrusage tells has that of the process which started this one in it.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    config = TransgenicConfig(
        d_model=384,
        encoder_n_layer=1,
        encoder_d_inner=64,
        decoder_layers=6,
        decoder_ffn_dim=3072,
        max_decoder_position_embeddings=64,
    )
    model = untrained_model(seed=1, config=config)
    model.folder = tmp_path_factory.mktemp("model")
    save_checkpoint(model, model.folder)
    return model


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_peak_of_a_process_is_predicted_within_a_tenth(model, precision):
    dtype = DTYPES[precision]
    if not can_pack(dtype):
        pytest.skip(f"oneDNN has no {precision} on this CPU")
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREDICT, model.folder, precision],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    predicted = predicted_memory(
        model.config,
        model.num_parameters(),
        LENGTH,
        BATCH_SIZE,
        num_beams=2,
        max_length=MAX_LENGTH,
        dtype_bytes=dtype.itemsize,
    )
    assert predicted / int(printed.splitlines()[-1]) == pytest.approx(1, abs=0.1)
