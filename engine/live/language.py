"""The language model, run over rows: fused weights, one flat KV pool, and two forwards.

Letters as in ops.py; L layers. `append` lets windows grow, `rows` runs questions and answers; both are one trunk.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from askcam.engine.live.ops import DST, AppendBatch, HeadNorms, Ops, RowBatch
from askcam.engine.live.torch_ops import TorchOps

NONE = torch.empty(0, dtype=torch.long)  # no row's result is wanted


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One decoder layer's weights. The fused ones share their storage with the stock modules."""

    input_norm: Tensor
    qkv: Tensor  # ((H + 2 KV) * D, hidden)
    qkv_bias: Tensor | None
    heads: HeadNorms | None
    out: Tensor
    out_bias: Tensor | None
    mlp_norm: Tensor
    gate_up: Tensor  # (2 * inner, hidden)
    down: Tensor


class Language:
    """A transformers Qwen text model with its lm_head. Owned by the engine thread.

    The stock modules stay usable: their weights become views of the fused ones, no second copy is made.
    """

    def __init__(self, model: Any, ops: Ops, interleaved: bool = False) -> None:
        """`model` is a ...ForConditionalGeneration; `interleaved`: Qwen3's order of rotary sections."""
        text = model.model.language_model
        config = text.config
        self.ops = ops
        self.device: torch.device = model.lm_head.weight.device
        self.dtype: torch.dtype = model.lm_head.weight.dtype
        self.num_heads, self.num_kv = int(config.num_attention_heads), int(config.num_key_value_heads)
        self.head_dim = int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
        self.hidden, self.eps, self.scale = int(config.hidden_size), float(config.rms_norm_eps), self.head_dim**-0.5
        self.embedding: Tensor = text.embed_tokens.weight
        self.head: Tensor = model.lm_head.weight
        self.norm: Tensor = text.norm.weight
        # kernels want rows; on a CPU products with few rows are a quarter faster by columns, and no less exact
        by_columns = self.device.type == "cpu" and isinstance(ops, TorchOps)
        self.layers = [_layer(layer, by_columns) for layer in text.layers]
        self._inv_freq: Tensor = text.rotary_emb.inv_freq.float().to(self.device)
        self._rope_scale = float(text.rotary_emb.attention_scaling)
        sections = list(config.rope_parameters["mrope_section"])
        self._section = torch.tensor(_sections(sections, interleaved), device=self.device)
        self.kv: Tensor = torch.empty(0)

    @property
    def row_bytes(self) -> int:
        """Of the pool, for one token."""
        return len(self.layers) * 2 * self.num_kv * self.head_dim * self.dtype.itemsize

    def allocate(self, total_rows: int) -> None:
        """Make the pool, (L, 2, TOTAL, KV, D), once: captured graphs hold its address."""
        shape = (len(self.layers), 2, total_rows, self.num_kv, self.head_dim)
        # a CPU hands out pages when they are first written to: a pool that stays empty costs nothing
        make = torch.empty if self.device.type == "cpu" else torch.zeros
        self.kv = make(shape, device=self.device, dtype=self.dtype)

    def embed(self, ids: Sequence[int] | Tensor) -> Tensor:
        """Token ids -> (R, hidden), a fresh tensor."""
        if not isinstance(ids, Tensor):
            ids = torch.tensor(ids, device=self.device)
        return F.embedding(ids, self.embedding)

    def copy_rows(self, source: int, target: int, num_rows: int) -> None:
        """Copy keys and values of all layers within the pool."""
        self.kv[:, :, target : target + num_rows] = self.kv[:, :, source : source + num_rows]

    def append(
        self,
        x: Tensor,
        positions: Tensor,
        batch: AppendBatch,
        extras: Sequence[Tensor] = (),
        layers: range | None = None,
    ) -> None:
        """Grow windows: x (W * num_new, hidden) is used up, positions (3, W * num_new) on the device.

        `layers` does it in pieces: the calls for range(0, 7), range(7, 14), ... on the same x make one append.
        Of the last layer only keys and values are wanted: its attention and MLP are left out.
        """
        steps = torch.arange(batch.num_new, device=self.device, dtype=torch.int32)
        dst = ((batch.bases + batch.old_lens)[:, None] + steps).flatten()

        def attention(q: Tensor, k: Tensor, v: Tensor, last: bool) -> Tensor:
            return self.ops.append_attention(q, k, v, batch, self.scale)

        _, y = self._trunk(x, positions, dst, attention, extras, layers or range(len(self.layers)), NONE)
        if y is not None:
            x.add_(y)

    def rows(self, x: Tensor, batch: RowBatch, select: Tensor | None = None, extras: Sequence[Tensor] = ()) -> Tensor:
        """Run rows x (R, hidden), used up; returns logits of all of them, or of those in `select` (any number, none).

        In the last layer the others need keys and values only.
        """
        chosen = batch if select is None or not select.shape[0] else batch.rows(select)

        def attention(q: Tensor, k: Tensor, v: Tensor, last: bool) -> Tensor:
            return self.ops.row_attention(q, k, v, chosen if last else batch, self.scale)

        x, y = self._trunk(x, batch.meta[:3], batch.meta[DST], attention, extras, range(len(self.layers)), select)
        if not x.shape[0]:
            return x.new_empty(0, self.head.shape[0])
        return self.ops.norm_linear(x, y, self.norm, self.eps, self.head, None)

    def _trunk(
        self,
        x: Tensor,
        positions: Tensor,
        dst: Tensor,
        attention: Callable[[Tensor, Tensor, Tensor, bool], Tensor],
        extras: Sequence[Tensor],
        layers: range,
        select: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """Returns x and what is to be added to it yet, None for nothing; `extras[i]` (R, hidden) goes in after layer i.

        `select`: the rows that go on after the last layer's keys and values; None: all.
        """
        ops, eps = self.ops, self.eps
        cos, sin = self._cos_sin(positions)
        last = len(self.layers) - 1
        y: Tensor | None = None
        for i in layers:
            layer = self.layers[i]
            k, v = self.kv[i].unbind(0)
            qkv = ops.norm_linear(x, y, layer.input_norm, eps, layer.qkv, layer.qkv_bias)
            q = ops.rope_write(qkv, cos, sin, dst, k, v, self.num_heads, layer.heads)
            if i == last and select is not None:
                if not select.shape[0]:
                    return x[:0], None
                q, x, extras = q[select], x[select], [extra[select] for extra in extras]
            y = ops.linear_add(x, attention(q, k, v, i == last).flatten(1), layer.out, layer.out_bias)
            inner = ops.norm_gated(x, y, layer.mlp_norm, eps, layer.gate_up)
            y = ops.linear_add(x, inner, layer.down, None)
            if i < len(extras):  # deepstack
                y = extras[i] if y is None else y + extras[i]
        return x, y

    def _cos_sin(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """positions (3, R) -> cos, sin (R, D) float32: each frequency reads its own of the three coordinates."""
        angles = positions[self._section].T.float() * self._inv_freq
        angles = torch.cat((angles, angles), -1)
        return angles.cos().mul_(self._rope_scale), angles.sin().mul_(self._rope_scale)


def _sections(sections: list[int], interleaved: bool) -> list[int]:
    """Which coordinate (0 time, 1 row, 2 column) each of the D / 2 frequencies turns with."""
    if not interleaved:
        return [i for i, size in enumerate(sections) for _ in range(size)]
    out = [0] * sum(sections)
    for i in (1, 2):
        out[i : sections[i] * 3 : 3] = [i] * len(out[i : sections[i] * 3 : 3])
    return out


def _layer(layer: Any, by_columns: bool) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    heads = None
    if hasattr(attention, "q_norm"):
        heads = HeadNorms(attention.q_norm.weight, attention.k_norm.weight, float(attention.q_norm.variance_epsilon))
    return Layer(
        input_norm=layer.input_layernorm.weight,
        qkv=_fuse(projections, "weight", by_columns),
        qkv_bias=None if attention.q_proj.bias is None else _fuse(projections, "bias"),
        heads=heads,
        out=_fuse((attention.o_proj,), "weight", by_columns),
        out_bias=attention.o_proj.bias,
        mlp_norm=layer.post_attention_layernorm.weight,
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
