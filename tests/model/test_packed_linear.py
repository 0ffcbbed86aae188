import pytest
import torch

from transgenic_dagster.model.layers import Linear
from transgenic_dagster.model.packed_linear import TRIED_WITH, PackedLinear, pack_linears

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN"
)


@needs_onednn
def test_this_pytorch_has_the_private_operators():
    lacking = [
        name
        for name in ("_reorder_linear_weight", "_linear_pointwise")
        if not hasattr(torch.ops.mkldnn, name)
    ]
    assert not lacking, (
        f"PyTorch {torch.__version__} lacks torch.ops.mkldnn.{lacking[0]}, which "
        f"transgenic_dagster/model/packed_linear.py was tried with in PyTorch {TRIED_WITH}: find "
        "its successor there, or pin torch below this release in pyproject.toml."
    )


@needs_onednn
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_a_packed_layer_computes_what_the_plain_one_does(rows):
    torch.manual_seed(0)
    plain = Linear(48, 80)
    x = torch.randn(2, rows, 48)
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(plain)(x), plain(x), atol=1e-5, rtol=1e-5)


@needs_onednn
def test_layers_are_packed_wherever_they_stand():
    module = torch.nn.Sequential(Linear(4, 4), torch.nn.Sequential(Linear(4, 2), torch.nn.ReLU()))
    pack_linears(module)
    assert isinstance(module[0], PackedLinear)
    assert isinstance(module[1][0], PackedLinear)
