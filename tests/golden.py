"""Recorded inputs and outputs of the published model (fp32, CPU, random weights)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "data" / "golden"
TINY_CHECKPOINT = FOLDER / "tiny" / "checkpoint"
WINDOWS = ("a6144", "b6144", "c6144", "d12288", "e5000", "f7001")
MAX_LENGTH = 64


def text_cases(name: str) -> Any:
    """Cases of one file under ``text/``."""
    return json.loads((FOLDER / "text" / f"{name}.json").read_text())


@cache
def tiny_windows() -> dict[str, dict[str, Any]]:
    """Per window: its sequence and the recorded sentences."""
    inputs = json.loads((FOLDER / "tiny" / "golden.json").read_text())["inputs"]
    return {k: json.loads(v) if isinstance(v, str) else v for k, v in inputs.items()}


@cache
def tiny_arrays() -> dict[str, np.ndarray]:
    """Recorded tensors by name."""
    with np.load(FOLDER / "tiny" / "golden.npz") as arrays:
        return dict(arrays)
