"""Decoder layers as the language model runs them: fused weights that share their storage with the stock modules."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from askcam.engine.live.ops import DeltaWeights, HeadNorms


@dataclass(frozen=True, slots=True, eq=False)
class Mlp:
    """The second half of every layer."""

    norm: Tensor
    gate_up: Tensor  # (2 * inner, hidden)
    down: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class FullLayer:
    """A layer whose tokens attend to all before them, by keys and values that are kept."""

    index: int  # among those of its kind: where its keys and values lie
    input_norm: Tensor
    qkv: Tensor  # ((H + 2 KV) * D, hidden), or (2 H + 2 KV) * D rows with a gate behind every query
    qkv_bias: Tensor | None
    heads: HeadNorms | None
    gated: bool
    out: Tensor
    out_bias: Tensor | None
    mlp: Mlp


@dataclass(frozen=True, slots=True, eq=False)
class LinearLayer:
    """A layer whose tokens read one state that all before them have written."""

    index: int  # among those of its kind: where its states lie
    input_norm: Tensor
    mixed: Tensor  # (C + HV * DV + 2 HV, hidden)
    delta: DeltaWeights
    out: Tensor
    out_bias: None
    mlp: Mlp


Layer = FullLayer | LinearLayer


def layers_of(text: Any, by_columns: bool) -> list[Layer]:
    """Those of a stock language model. `by_columns`: matrices whose columns, not rows, are contiguous."""
    made: list[Layer] = []
    for layer in text.layers:
        linear = hasattr(layer, "linear_attn")
        index = sum(isinstance(one, LinearLayer) == linear for one in made)
        made.append((_linear if linear else _full)(layer, index, by_columns))
    return made


def norm_of(module: Any) -> Tensor:
    """A norm's weight as Ops take it. Some of transformers' are around 0, to be added to 1, and multiplied in float32;
    those call their epsilon otherwise."""
    weight: Tensor = module.weight.data
    return weight if hasattr(module, "variance_epsilon") else weight.float() + 1


def _epsilon(module: Any) -> float:
    return float(getattr(module, "variance_epsilon", None) or module.eps)


def _full(layer: Any, index: int, by_columns: bool) -> FullLayer:
    attention = layer.self_attn
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    heads = None
    if hasattr(attention, "q_norm"):
        heads = HeadNorms(norm_of(attention.q_norm), norm_of(attention.k_norm), _epsilon(attention.q_norm))
    return FullLayer(
        index=index,
        input_norm=norm_of(layer.input_layernorm),
        qkv=_fuse(projections, "weight", by_columns),
        qkv_bias=None if attention.q_proj.bias is None else _fuse(projections, "bias"),
        heads=heads,
        gated=attention.q_proj.weight.shape[0] == 2 * attention.o_proj.weight.shape[1],
        out=_fuse((attention.o_proj,), "weight", by_columns),
        out_bias=attention.o_proj.bias,
        mlp=_mlp(layer, by_columns),
    )


def _linear(layer: Any, index: int, by_columns: bool) -> LinearLayer:
    stock = layer.linear_attn
    delta = DeltaWeights(
        taps=stock.conv1d.weight.data[:, 0],
        rate=-stock.A_log.data.float().exp(),
        bias=stock.dt_bias.data.float(),
        norm=norm_of(stock.norm),
        eps=_epsilon(stock.norm),
        num_k=int(stock.num_k_heads),
        num_v=int(stock.num_v_heads),
        dim_k=int(stock.head_k_dim),
        dim_v=int(stock.head_v_dim),
    )
    return LinearLayer(
        index=index,
        input_norm=norm_of(layer.input_layernorm),
        mixed=_fuse((stock.in_proj_qkv, stock.in_proj_z, stock.in_proj_b, stock.in_proj_a), "weight", by_columns),
        delta=delta,
        out=_fuse((stock.out_proj,), "weight", by_columns),
        out_bias=None,
        mlp=_mlp(layer, by_columns),
    )


def _mlp(layer: Any, by_columns: bool) -> Mlp:
    mlp = layer.mlp
    return Mlp(
        norm=norm_of(layer.post_attention_layernorm),
        gate_up=_fuse((mlp.gate_proj, mlp.up_proj), "weight", by_columns),
        down=_fuse((mlp.down_proj,), "weight", by_columns),
    )


def _fuse(modules: Sequence[Any], name: str, by_columns: bool = False) -> Tensor:
    """One tensor of several modules' `name`, whose own become views of it. Those that are so already stay.

    `by_columns`: a matrix whose columns, not rows, are contiguous.
    """
    parts: list[Tensor] = [getattr(module, name).data for module in modules]
    sizes = [part.shape[0] for part in parts]
    by_columns = by_columns and parts[0].ndim == 2
    strides = (1, sum(sizes)) if by_columns else (*parts[0].shape[1:], 1)
    first, at, fused = parts[0], parts[0].data_ptr(), True
    for part in parts:
        fused &= part.stride() == strides and part.data_ptr() == at
        fused &= part.untyped_storage().data_ptr() == first.untyped_storage().data_ptr()
        at += part.shape[0] * strides[0] * part.itemsize
    if fused:
        return first.as_strided((sum(sizes), *first.shape[1:]), strides)
    whole = torch.cat(parts)
    if by_columns:
        whole = whole.t().contiguous().t()
    for module, part in zip(modules, torch.split(whole, sizes), strict=True):
        getattr(module, name).data = part
    return whole
