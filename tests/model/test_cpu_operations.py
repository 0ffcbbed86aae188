import subprocess
import sys

import pytest
import torch
from torch.nn import functional as F

from tests import golden
from transgenic_dagster.demo.untrained_model import untrained_model
from transgenic_dagster.model import (
    Decoding,
    TransgenicConfig,
    TransgenicForConditionalGeneration,
    cpu_operations,
    encode_dna,
)
from transgenic_dagster.model.attention import KeyValues
from transgenic_dagster.model.caches import CacheLayout
from transgenic_dagster.model.cpu_operations import (
    CHANNELS_AT_ONCE,
    MIN_CHANNELS,
    MOST_QUERIES,
    add_and_normalise,
    attend,
    attend_serves,
    convolve_gated,
    kernels_serve,
)
from transgenic_dagster.model.hyena_encoder import HyenaMixer

CPU = torch.device("cpu")
DTYPES = (torch.float32, torch.bfloat16)


@pytest.fixture(autouse=True)
def inference():
    with torch.inference_mode():
        yield


def randoms(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def cached(rows, heads, length, channels, dtype):
    """Part of a cache with other rows and columns around it."""
    room = CacheLayout(1, heads, channels, dtype, CPU).zeros(rows + 2, length + 5)
    room.keys.copy_(randoms(*room.keys.shape, seed=1))
    room.values.copy_(randoms(*room.values.shape, seed=2))
    return KeyValues(room.keys[:rows, :, 3 : 3 + length], room.values[:rows, :, 3 : 3 + length])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("rows", "heads", "queries", "length", "channels"),
    [(1, 1, 1, 1, 1), (3, 2, 2, 70, 16), (2, 3, 5, 33, 19), (16, 6, 1, 9, 64)],
)
def test_attention_is_that_of_pytorch_over_the_numbers_in_the_cache(
    dtype, rows, heads, queries, length, channels
):
    q = randoms(rows, heads, queries, channels)
    seen = cached(rows, heads, length, channels, dtype)
    expected = F.scaled_dot_product_attention(q, seen.keys.float(), seen.values.float())
    found = attend(q, seen.keys, seen.values, None)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_attention_sees_what_the_mask_shows():
    q, seen = randoms(4, 2, 1, 8), cached(4, 2, 12, 8, torch.float32)
    mask = (torch.arange(12) >= torch.tensor([[0], [3], [7], [11]]))[:, None, None]
    expected = F.scaled_dot_product_attention(q, seen.keys, seen.values, attn_mask=mask)
    torch.testing.assert_close(attend(q, seen.keys, seen.values, mask), expected)


def test_queries_that_stand_in_another_order_in_memory_are_read_in_their_own():
    q, seen = randoms(4, 3, 2, 8).transpose(1, 2), cached(4, 2, 12, 8, torch.float32)
    expected = F.scaled_dot_product_attention(q, seen.keys, seen.values)
    torch.testing.assert_close(attend(q, seen.keys, seen.values, None), expected)


def mixer(channels, dtype):
    model = untrained_model(seed=3, config=TransgenicConfig(d_model=channels, encoder_n_layer=1))
    made = model.backbone.layers[0].mixer
    made.short_filter.to(dtype)
    return made


def gated(mixer: HyenaMixer, u, shift):
    filter_fn = mixer.filter_fn
    spectrum = filter_fn.spectrum(u.shape[2])
    return convolve_gated(u, shift, mixer.short_filter, spectrum, filter_fn.bias)


def gated_by_pytorch(mixer: HyenaMixer, u, shift):
    x0, x1, v = mixer.short_filter(u + shift[:, None])[..., : u.shape[2]].chunk(3, dim=1)
    return x0 * mixer.filter_fn.convolve(v * x1)


@pytest.mark.parametrize("length", [1, 2, 3, 101])
@pytest.mark.parametrize("channels", [8, CHANNELS_AT_ONCE + 8])
def test_the_gated_convolution_is_that_of_pytorch(channels, length):
    made, u = mixer(channels, torch.float32), randoms(2, 3 * channels, length)
    shift = randoms(3 * channels, seed=4)
    expected = gated_by_pytorch(made, u, shift)
    torch.testing.assert_close(gated(made, u, shift), expected, atol=1e-4, rtol=1e-5)


def test_the_gated_convolution_rounds_its_result_alone_in_bf16():
    made, u = mixer(8, torch.bfloat16), randoms(2, 24, 101).bfloat16()
    shift = randoms(24, seed=4).bfloat16()
    found = gated(made, u, shift)
    made.short_filter.float()
    exact = gated_by_pytorch(made, u.float(), shift.float())
    assert found.dtype == torch.bfloat16
    # A sum in another order may fall on the other side of a boundary between two numbers.
    assert (found == exact.bfloat16()).float().mean() > 0.99
    torch.testing.assert_close(found.float(), exact, atol=0, rtol=2**-8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("odd", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_stays_so(dtype, odd):
    q, seen = randoms(1, 1, 1, 4), cached(1, 1, 3, 4, dtype)
    seen.values[0, 0, 1, 2] = odd
    found = attend(q, seen.keys, seen.values, None)[0, 0, 0]
    assert found.isfinite().tolist() == [True, True, False, True]
    made, u = mixer(8, dtype), randoms(1, 24, 5).to(dtype)
    u[0, 0, 4] = odd
    assert not gated(made, u, torch.zeros(24))[0, 0, 4].isfinite()
    x, norm = torch.zeros(1, 2, 4), torch.nn.LayerNorm(4)
    x[0, 1, 2] = odd
    found = add_and_normalise(x, torch.zeros(1, 2, 4, dtype=dtype), torch.zeros(4), norm, dtype)
    assert found.isfinite().all(dim=2).tolist() == [[True, False]]


@pytest.mark.parametrize("added", DTYPES)
@pytest.mark.parametrize("result", DTYPES)
@pytest.mark.parametrize("channels", [1, 7, 64])
def test_the_stream_is_added_to_and_normalised(added, result, channels):
    x, norm = randoms(2, 5, channels) + 3, torch.nn.LayerNorm(channels, eps=1e-5)
    norm.weight.copy_(randoms(channels, seed=1))
    norm.bias.copy_(randoms(channels, seed=2))
    more, bias = randoms(2, 5, channels, seed=3).to(added), randoms(channels, seed=4)
    expected = x + more + bias
    found = add_and_normalise(x, more, bias, norm, result)
    torch.testing.assert_close(x, expected)
    torch.testing.assert_close(found, norm(expected).to(result), atol=1e-5, rtol=2**-8)


@pytest.fixture
def narrow(monkeypatch):
    """Narrow models are computed with kernels, too."""
    monkeypatch.setattr(cpu_operations, "MIN_CHANNELS", 1)


def test_the_published_models_logits_come_out_of_the_kernels(narrow, monkeypatch):
    calls = {"attend": 0, "convolve_gated": 0, "add_and_normalise": 0}

    def counting(name):
        original = getattr(cpu_operations, name)

        def counted(*arguments):
            calls[name] += 1
            return original(*arguments)

        monkeypatch.setattr(cpu_operations, name, counted)

    for name in calls:
        counting(name)
    model = TransgenicForConditionalGeneration.from_pretrained(golden.TINY_CHECKPOINT)
    arrays = golden.tiny_arrays()
    tokens = torch.from_numpy(arrays["decoder_input_ids"])
    window = encode_dna(golden.tiny_windows()["b6144"]["sequence"])[None]
    decoding = Decoding(model, window, num_beams=1, batch_size=1)
    decoding.admit(1)
    steps = [decoding.step(tokens[:, i]) for i in range(tokens.shape[1])]
    recorded = torch.from_numpy(arrays["b6144.logits"])
    torch.testing.assert_close(torch.stack(steps, dim=1), recorded, atol=1e-4, rtol=0)
    layers = model.config.decoder_layers
    assert calls == {
        "attend": 2 * layers * tokens.shape[1],
        "convolve_gated": model.config.encoder_n_layer,
        "add_and_normalise": 2 * model.config.encoder_n_layer,
    }


def test_kernels_serve_wide_models_and_bf16():
    wide, narrow = MIN_CHANNELS, MIN_CHANNELS - 1
    assert kernels_serve(torch.float32, CPU, wide)
    assert not kernels_serve(torch.float32, CPU, narrow)
    assert kernels_serve(torch.bfloat16, CPU, narrow)
    assert not kernels_serve(torch.float16, CPU, wide)
    assert not kernels_serve(torch.float32, torch.device("cuda"), wide)
    with torch.inference_mode(False):
        assert not kernels_serve(torch.float32, CPU, wide)


def test_attention_is_served_for_few_queries_and_keys_as_they_lie_in_a_cache():
    def serves(queries, keys):
        return attend_serves(torch.zeros(2, 4, queries, MIN_CHANNELS // 4), keys, keys)

    cache = torch.zeros(2, 4, 7, MIN_CHANNELS // 4)
    assert serves(MOST_QUERIES, cache)
    assert serves(1, cache[:, :, 2:5])
    assert not serves(MOST_QUERIES + 1, cache)
    assert not serves(1, cache.mT.contiguous().mT)
    assert not serves(1, torch.zeros(2, 7, 4, MIN_CHANNELS // 4).transpose(1, 2))


@pytest.mark.parametrize("threads", [1, 2])
def test_pytorch_keeps_its_threads(threads):
    code = f"""
import torch
from transgenic_dagster.model.cpu_operations import attend
torch.set_num_threads({threads})
with torch.inference_mode():
    keys = torch.ones(2, 1, 3, 4)
    attend(torch.ones(2, 1, 1, 4), keys, keys, None)
print(torch.get_num_threads())
"""
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == [str(threads)]
