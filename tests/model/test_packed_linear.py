import pytest
import torch

from transgenic_dagster.model.layers import GeluLinear, Linear
from transgenic_dagster.model.packed_linear import (
    TRIED_WITH,
    PackedLinear,
    can_pack,
    pack_linears,
)

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN"
)


@needs_onednn
def test_this_pytorch_has_the_private_operators():
    lacking = [
        name
        for name in ("_reorder_linear_weight", "_linear_pointwise", "_is_mkldnn_bf16_supported")
        if not hasattr(torch.ops.mkldnn, name)
    ]
    assert not lacking, (
        f"PyTorch {torch.__version__} lacks torch.ops.mkldnn.{lacking[0]}, which "
        f"transgenic_dagster/model/packed_linear.py was tried with in PyTorch {TRIED_WITH}: find "
        "its successor there, or pin torch below this release in pyproject.toml."
    )


@needs_onednn
@pytest.mark.parametrize("rows", [1, 7, 64])
@pytest.mark.parametrize("plain", [Linear(48, 80), GeluLinear(48, 80), GeluLinear(48, 80, "tanh")])
def test_a_packed_layer_computes_what_the_plain_one_does(rows, plain):
    x = torch.randn(2, rows, 48, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(plain)(x), plain(x), atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not can_pack(torch.bfloat16), reason="oneDNN has no bf16 on this CPU")
def test_a_packed_layer_computes_in_the_dtype_of_its_weights():
    plain = GeluLinear(48, 80).bfloat16()
    x = torch.randn(2, 48, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        packed = PackedLinear(plain)(x)
        torch.testing.assert_close(packed, plain(x), atol=0.02, rtol=0.02)
    assert packed.dtype == torch.bfloat16


@needs_onednn
def test_layers_are_packed_wherever_they_stand():
    module = torch.nn.Sequential(Linear(4, 4), torch.nn.Sequential(Linear(4, 2), torch.nn.ReLU()))
    pack_linears(module)
    assert isinstance(module[0], PackedLinear)
    assert isinstance(module[1][0], PackedLinear)
