"""Modules that multiply by themselves are taken as they are where each row is its own; others are found."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from askcam.engine.errors import ModelError
from askcam.engine.live.own_modules import OwnModules, check_own, has_own_product

CPU = torch.device("cpu")
Rule = Callable[[Tensor], Tensor]  # rows as they go in, by rows as they come


def steps(x: Tensor, most: Tensor) -> Tensor:
    return (x / most * 127).round() / 127 * most


def by_row(x: Tensor) -> Tensor:
    return steps(x, x.abs().amax(-1, keepdim=True).clamp(min=1e-9))


def by_pass(x: Tensor) -> Tensor:
    return steps(x, x.abs().amax().clamp(min=1e-9))


def by_fixed_scale(x: Tensor) -> Tensor:
    return steps(x.clamp(-50, 50), torch.tensor(50.0))


def but_large_columns(x: Tensor) -> Tensor:
    """What is above 6 anywhere in a column keeps all of that column from being rounded, as in LLM.int8()."""
    large = (x.abs() > 6).flatten(0, -2).any(0)
    return torch.where(large, x, by_row(x.masked_fill(large, 0.0)))


def by_pass_unless_three_axes(x: Tensor) -> Tensor:
    """As compressed-tensors' "token" strategy."""
    return by_row(x) if x.ndim == 3 else by_pass(x)


class Packed(nn.Module):
    """A product whose weight only it can read."""

    def __init__(self, rule: Rule, num_in: int = 64, num_out: int = 24, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.in_features, self.out_features, self.rule = num_in, num_out, rule
        noise = torch.Generator().manual_seed(3)
        self.register_buffer("packed", torch.randint(-8, 8, (num_out, num_in), generator=noise, dtype=torch.int8))
        self.bias = nn.Parameter(torch.randn(num_out, generator=noise).to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        packed: Any = self.packed
        return self.rule(x) @ (packed.to(x.dtype) / 8).T + self.bias


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("rule", "rounding"),
    [(lambda x: x, False), (by_row, True), (by_fixed_scale, True), (by_pass_unless_three_axes, True)],
)
def test_rows_that_are_their_own_are_taken(rule: Rule, rounding: bool, dtype: torch.dtype) -> None:
    module = Packed(rule, dtype=dtype)
    found = check_own({"model.language_model.layers.0.mlp.down_proj": module}, CPU, dtype)
    assert found == OwnModules(1, rounding)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rule", [by_pass, but_large_columns])
def test_rows_that_depend_on_each_other_are_refused_by_name(rule: Rule, dtype: torch.dtype) -> None:
    modules = {
        "lm_head": Packed(lambda x: x, dtype=dtype),
        "model.language_model.layers.1.o_proj": Packed(rule, dtype=dtype),
    }
    with pytest.raises(ModelError, match=r"layers\.1\.o_proj \(Packed\) computes a row otherwise"):
        check_own(modules, CPU, dtype)


def test_a_vision_tower_is_tried_as_transformers_calls_it() -> None:
    with pytest.raises(ModelError, match=r"visual\.blocks\.0\.attn\.qkv \(Packed\) computes a row otherwise"):
        check_own({"model.visual.blocks.0.attn.qkv": Packed(by_pass_unless_three_axes)}, CPU, torch.float32)
    assert check_own({"model.visual.blocks.0.attn.qkv": Packed(by_row)}, CPU, torch.float32) == OwnModules(1, True)


def test_what_comes_out_must_be_of_the_type_that_goes_in() -> None:
    module = Packed(lambda x: x, dtype=torch.bfloat16)
    module.register_forward_hook(lambda module, given, found: found.float())
    with pytest.raises(ModelError, match=r"gives torch\.float32 for torch\.bfloat16"):
        check_own({"lm_head": module}, CPU, torch.bfloat16)


def test_what_they_cost_is_told_where_they_cost_something() -> None:
    assert OwnModules().told(CPU) == ""
    assert OwnModules(7, True).told(CPU) == "7 of its layers are multiplied by modules of their own"
    assert "7 of its layers" in OwnModules(7, True).told(torch.device("cuda"))
    assert "without CUDA graphs" in OwnModules(7, True).told(torch.device("cuda"))


def test_layers_from_so_many_values_to_so_many_have_products() -> None:
    assert has_own_product(Packed(by_row))
    assert has_own_product(nn.Linear(2, 3))
    assert not has_own_product(nn.Embedding(2, 3))
    assert not has_own_product(nn.LayerNorm(2))
