"""The language model, run over rows: products of them, one flat KV pool, slots of states, and two forwards.

Letters as in ops.py; L layers with attention, N with states. `append` lets windows grow, `rows` runs questions and
answers; both are one trunk.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from askcam.engine.live.layers import FullLayer, Layer, LinearLayer, layers_of, norm_of
from askcam.engine.live.ops import DST, AppendBatch, LayerStates, Ops, RowBatch
from askcam.engine.live.projections import projection
from askcam.engine.live.statepool import OWN
from askcam.engine.live.torch_ops import TorchOps

NONE = torch.empty(0, dtype=torch.long)  # no row's result is wanted


class Language:
    """A transformers Qwen text model with its lm_head. Owned by the engine thread.

    The stock modules stay usable: plain weights become views of fused ones, no second copy is made.
    """

    def __init__(self, model: Any, ops: Ops, interleaved: bool = False) -> None:
        """`model` is a ...ForConditionalGeneration; `interleaved`: Qwen3's order of rotary sections."""
        text = model.model.language_model
        config = text.config
        self.ops = ops
        self.embedding: Tensor = text.embed_tokens.weight
        self.device: torch.device = self.embedding.device
        self.dtype: torch.dtype = self.embedding.dtype  # of activations, keys and values
        self.num_heads, self.num_kv = int(config.num_attention_heads), int(config.num_key_value_heads)
        self.head_dim = int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
        self.hidden, self.eps, self.scale = int(config.hidden_size), float(config.rms_norm_eps), self.head_dim**-0.5
        self.head = projection((model.lm_head,))
        self.norm: Tensor = norm_of(text.norm)
        # kernels want rows, and so do a CPU's products in bfloat16; in float32 those with few rows are a quarter faster
        # by columns, and no less exact
        by_columns = self.device.type == "cpu" and isinstance(ops, TorchOps) and self.dtype == torch.float32
        self.layers: list[Layer] = layers_of(text, by_columns)
        self.full = [layer for layer in self.layers if isinstance(layer, FullLayer)]
        self.linear = [layer for layer in self.layers if isinstance(layer, LinearLayer)]
        self._inv_freq: Tensor = text.rotary_emb.inv_freq.float().to(self.device)
        self._rope_scale = float(text.rotary_emb.attention_scaling)
        sections = list(config.rope_parameters["mrope_section"])
        self._section = torch.tensor(_sections(sections, interleaved), device=self.device)
        self.kv: Tensor = torch.empty(0)
        self._keys_values: list[tuple[Tensor, Tensor]] = []  # its layers
        self.states: list[LayerStates] = []  # of the layers that keep some

    @property
    def row_bytes(self) -> int:
        """Of the pool, for one token."""
        return len(self.full) * 2 * self.num_kv * self.head_dim * self.dtype.itemsize

    @property
    def rotary_dim(self) -> int:
        """Of a head's D: so many are turned."""
        return 2 * len(self._inv_freq)

    @property
    def slot_bytes(self) -> int:
        """Of one slot of states; 0 where no layer keeps any."""
        deltas = [layer.delta for layer in self.linear]
        return sum(4 * prod(one.memory_shape) + self.dtype.itemsize * prod(one.recent_shape) for one in deltas)

    def allocate(self, total_rows: int, num_slots: int = 0) -> None:
        """Make the pool, (L, 2, TOTAL, KV, D), and the slots of states, once: captured graphs hold their addresses."""
        shape = (len(self.full), 2, total_rows, self.num_kv, self.head_dim)
        # a CPU hands out pages when they are first written to: a pool that stays empty costs nothing
        make = torch.empty if self.device.type == "cpu" else torch.zeros
        self.kv = make(shape, device=self.device, dtype=self.dtype)
        self._keys_values = [(layer[0], layer[1]) for layer in self.kv]
        self.states = []
        for layer in self.linear:
            memory = make((num_slots, *layer.delta.memory_shape), device=self.device, dtype=torch.float32)
            recent = make((num_slots, *layer.delta.recent_shape), device=self.device, dtype=self.dtype)
            memory[:OWN], recent[:OWN] = 0.0, 0.0
            self.states.append(LayerStates(memory, recent))

    def embed(self, ids: Sequence[int] | Tensor) -> Tensor:
        """Token ids -> (R, hidden), a fresh tensor."""
        if not isinstance(ids, Tensor):
            ids = torch.tensor(ids, device=self.device)
        return F.embedding(ids, self.embedding)

    def copy_rows(self, source: int, target: int, num_rows: int) -> None:
        """Copy keys and values of all layers within the pool."""
        self.kv[:, :, target : target + num_rows] = self.kv[:, :, source : source + num_rows]

    def copy_states(self, source: int, target: int) -> None:
        """Copy one slot's states to another."""
        for states in self.states:
            states.memory[target].copy_(states.memory[source])
            states.recent[target].copy_(states.recent[source])

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
        Of the last layer only keys and values, or states, are wanted: what else it does is left out.
        """
        steps = torch.arange(batch.num_new, device=self.device, dtype=torch.int32)
        dst = ((batch.bases + batch.old_lens)[:, None] + steps).flatten()

        def attention(q: Tensor, k: Tensor, v: Tensor, last: bool) -> Tensor:
            return self.ops.append_attention(q, k, v, batch, self.scale)

        which = layers or range(len(self.layers))
        _, y = self._trunk(x, positions, dst, batch, attention, extras, which, NONE)
        if y is not None:
            x.add_(y)

    def rows(self, x: Tensor, batch: RowBatch, select: Tensor | None = None, extras: Sequence[Tensor] = ()) -> Tensor:
        """Run rows x (R, hidden), used up; returns logits of all of them, or of those in `select` (any number, none).

        In the last layer the others need keys and values, or states, only.
        """
        reads_spans = isinstance(self.ops, TorchOps)
        chosen = batch if select is None or not select.shape[0] else batch.rows(select, spans=reads_spans)

        def attention(q: Tensor, k: Tensor, v: Tensor, last: bool) -> Tensor:
            return self.ops.row_attention(q, k, v, chosen if last else batch, self.scale)

        which = range(len(self.layers))
        x, y = self._trunk(x, batch.meta[:3], batch.meta[DST], batch, attention, extras, which, select)
        if not x.shape[0]:
            return x.new_empty(0, self.head.num_out)
        return self.ops.norm_linear(x, y, self.norm, self.eps, self.head)

    def _trunk(
        self,
        x: Tensor,
        positions: Tensor,
        dst: Tensor,
        batch: RowBatch | AppendBatch,
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
            mixed, found = self._mixed(layer, x, y, cos, sin, dst, batch)
            if i == last and select is not None:
                if not select.shape[0]:
                    return x[:0], None
                found, x = found[select], x[select]
                mixed = mixed[select] if isinstance(layer, FullLayer) and layer.gated else mixed
                extras = [extra[select] for extra in extras]
            if isinstance(layer, FullLayer):
                k, v = self._keys_values[layer.index]
                found = attention(found, k, v, i == last)
                found = (ops.gate(found, mixed) if layer.gated else found).flatten(1)
            y = ops.linear_add(x, found, layer.out)
            inner = ops.norm_gated(x, y, layer.mlp.norm, eps, layer.mlp.gate_up)
            y = ops.linear_add(x, inner, layer.mlp.down)
            if i < len(extras):  # deepstack
                y = extras[i] if y is None else y + extras[i]
        return x, y

    def _mixed(
        self,
        layer: Layer,
        x: Tensor,
        y: Tensor | None,
        cos: Tensor,
        sin: Tensor,
        dst: Tensor,
        batch: RowBatch | AppendBatch,
    ) -> tuple[Tensor, Tensor]:
        """A layer's first product, and what follows from it for each row: queries whose keys and values are written, or
        what is read from states, which are written."""
        ops = self.ops
        if isinstance(layer, FullLayer):
            mixed = ops.norm_linear(x, y, layer.input_norm, self.eps, layer.qkv)
            k, v = self._keys_values[layer.index]
            return mixed, ops.rope_write(mixed, cos, sin, dst, k, v, self.num_heads, layer.heads, layer.gated)
        mixed = ops.norm_linear(x, y, layer.input_norm, self.eps, layer.mixed)
        return mixed, ops.delta(mixed, layer.delta, self.states[layer.index], batch)

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
