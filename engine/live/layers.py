"""Decoder layers as the language model runs them; fused weights share their storage with the stock modules."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from askcam.engine.live.ops import DeltaWeights, HeadNorms
from askcam.engine.live.projections import Projection, projection


@dataclass(frozen=True, slots=True, eq=False)
class Mlp:
    """The second half of every layer."""

    norm: Tensor
    gate_up: Projection  # 2 * inner from hidden
    down: Projection


@dataclass(frozen=True, slots=True, eq=False)
class FullLayer:
    """A layer whose tokens attend to all before them, by keys and values that are kept."""

    index: int  # among those of its kind: where its keys and values lie
    input_norm: Tensor
    qkv: Projection  # (H + 2 KV) * D from hidden, or (2 H + 2 KV) * D with a gate behind every query
    heads: HeadNorms | None
    gated: bool
    out: Projection
    mlp: Mlp


@dataclass(frozen=True, slots=True, eq=False)
class LinearLayer:
    """A layer whose tokens read one state that all before them have written."""

    index: int  # among those of its kind: where its states lie
    input_norm: Tensor
    mixed: Projection  # C + HV * DV + 2 HV from hidden
    delta: DeltaWeights
    out: Projection
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
    heads = None
    if hasattr(attention, "q_norm"):
        heads = HeadNorms(norm_of(attention.q_norm), norm_of(attention.k_norm), _epsilon(attention.q_norm))
    return FullLayer(
        index=index,
        input_norm=norm_of(layer.input_layernorm),
        qkv=projection((attention.q_proj, attention.k_proj, attention.v_proj), by_columns),
        heads=heads,
        gated=int(attention.q_proj.out_features) == 2 * int(attention.o_proj.in_features),
        out=projection((attention.o_proj,), by_columns),
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
        mixed=projection((stock.in_proj_qkv, stock.in_proj_z, stock.in_proj_b, stock.in_proj_a), by_columns),
        delta=delta,
        out=projection((stock.out_proj,), by_columns),
        mlp=_mlp(layer, by_columns),
    )


def _mlp(layer: Any, by_columns: bool) -> Mlp:
    mlp = layer.mlp
    return Mlp(
        norm=norm_of(layer.post_attention_layernorm),
        gate_up=projection((mlp.gate_proj, mlp.up_proj), by_columns),
        down=projection((mlp.down_proj,), by_columns),
    )
