"""Material of the engine's benchmarks: a random checkpoint, random windows, a stopwatch."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import torch

from transgenic_dagster.demo.train import save_checkpoint
from transgenic_dagster.demo.untrained_model import demo_config, untrained_model
from transgenic_dagster.gsf.vocabulary import EOS_ID
from transgenic_dagster.model import TransgenicConfig
from transgenic_dagster.regions.region import Region

SIZES: dict[str, Callable[[], TransgenicConfig]] = {
    "full": TransgenicConfig,
    "mid": lambda: TransgenicConfig(
        d_model=384,
        encoder_n_layer=6,
        decoder_layers=6,
        decoder_ffn_dim=1536,
        encoder_d_inner=512,
    ),
    "tiny": demo_config,
}


def write_random_checkpoint(size: str, folder: Path) -> None:
    """Write a checkpoint with random weights that never ends a sentence, so lengths are forced."""
    model = untrained_model(seed=1, config=SIZES[size]())
    model.final_logits_bias[:, EOS_ID] = -1e9
    save_checkpoint(model, folder)


def random_windows(count: int, length: int, seed: int = 0) -> torch.Tensor:
    """DNA ids of random windows, (count, length)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(7, 11, (count, length), dtype=torch.uint8, generator=generator)


def regions_of(windows: torch.Tensor) -> list[Region]:
    """A region for each window."""
    length = windows.shape[1]
    return [
        Region(i, f"gene{i}", "Chr1", 0, length, "+", i, i + length) for i in range(len(windows))
    ]


class Stopwatch:
    """Adds up the time spent in methods, by name; on a GPU each is waited for."""

    def __init__(
        self, device: torch.device, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._clock = clock
        self.seconds: dict[str, float] = defaultdict(float)
        self._device = device

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Time a block of code."""
        self._wait()
        start = self._clock()
        yield
        self._wait()
        self.seconds[name] += self._clock() - start

    def watch(self, owner: Any, method: str, name: str) -> None:
        """Time every call of a method of an object or a class."""
        original = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.measure(name):
                return original(*args, **kwargs)

        setattr(owner, method, timed)

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def matrix_rate(device: torch.device, dtype: torch.dtype = torch.float32) -> float:
    """Floating-point operations per second in a large matrix product, the median of several."""
    m, k, n = (4096, 1024, 4096) if device.type == "cpu" else (8192, 8192, 8192)
    a = torch.randn(m, k, device=device, dtype=dtype)
    b = torch.randn(n, k, device=device, dtype=dtype)
    return 2 * m * k * n / _typical_time(lambda: torch.nn.functional.linear(a, b), device)


def copy_rate(device: torch.device) -> float:
    """Bytes per second (read and written) in a large copy, the median of several."""
    source = torch.ones(64 << 20, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _typical_time(lambda: target.copy_(source), device)


def _typical_time(action: Callable[[], Any], device: torch.device, repeats: int = 10) -> float:
    watch = Stopwatch(device)
    action()
    for i in range(repeats):
        with watch.measure(str(i)):
            action()
    return median(watch.seconds.values())


def encoder_operations(config: TransgenicConfig, length: int) -> int:
    """Floating-point operations of the encoder's matrix products for one window."""
    channels, inner = config.d_model, config.encoder_d_inner
    return 2 * length * config.encoder_n_layer * (4 * channels**2 + 2 * channels * inner)


def step_bytes(
    config: TransgenicConfig, encoder_positions: int, regions: int, dtype_bytes: int
) -> int:
    """Bytes of weights and cross-attention caches that one decoding step must read."""
    dim, layers = config.decoder_dim, config.decoder_layers
    weights = layers * (6 * dim**2 + 2 * dim * config.decoder_ffn_dim)
    caches = regions * layers * 2 * encoder_positions * dim
    return (weights + caches) * dtype_bytes


def step_operations(config: TransgenicConfig, encoder_positions: int, rows: int) -> int:
    """Floating-point operations of one decoding step, self-attention left out."""
    dim, layers = config.decoder_dim, config.decoder_layers
    weights = layers * (6 * dim**2 + 2 * dim * config.decoder_ffn_dim)
    return 2 * rows * (weights + layers * 2 * encoder_positions * dim)
