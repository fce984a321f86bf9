"""The vision tower over frame pairs: attention never leaves a pair, so pairs are a batch axis and each is encoded once.

Runs the stock modules' own weights, norms, MLPs and mergers; what is written anew is what stock code does once for
every clip and with waits for the device: positions, windows and segments, here constants of a grid (layouts.py).
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from askcam.engine.live.layouts import VisionLayout, layout


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPairs:
    """Pairs as the language model takes them. P pairs, n tokens of a pair."""

    tokens: Tensor  # (P, n, hidden)
    extras: tuple[Tensor, ...] = ()  # deepstack: as `tokens`, for the first layers of the language model

    def pair(self, i: int) -> "EncodedPairs":
        return EncodedPairs(self.tokens[i : i + 1], tuple(extra[i : i + 1] for extra in self.extras))

    def behind(self, before: "EncodedPairs") -> "EncodedPairs":
        """This piece's tokens, with the extras of the pieces before it, too."""
        return EncodedPairs(self.tokens, before.extras + self.extras)


MAX_LAYOUTS = 32  # grids whose constants are kept; pushed cameras may bring any


class Vision:
    """One model's tower. Owned by the engine thread. N patches of a pair, h heads, d head dimension."""

    def __init__(self, model: Any, kind: str) -> None:
        """`model` is a ...ForConditionalGeneration of family `kind`."""
        self._tower, self._kind = model.model.visual, kind
        projection = self._tower.patch_embed.proj
        self._patch_weight: Tensor = projection.weight.flatten(1)  # a convolution whose stride is its kernel
        self._patch_bias: Tensor | None = projection.bias
        self._heads = int(self._tower.blocks[0].attn.num_heads)
        self._merge = int(self._tower.spatial_merge_size)
        self._full = frozenset(getattr(self._tower, "fullatt_block_indexes", range(len(self._tower.blocks))))
        self._deep = tuple(getattr(self._tower, "deepstack_visual_indexes", ()))
        self._layouts: OrderedDict[tuple[int, int], VisionLayout] = OrderedDict()  # a camera's size has one

    @property
    def dtype(self) -> torch.dtype:
        return self._patch_weight.dtype

    @property
    def patch_values(self) -> int:
        """Numbers in one patch."""
        return self._patch_weight.shape[1]

    @property
    def num_extras(self) -> int:
        """Deepstack tensors that encode() gives."""
        return len(self._deep)

    @property
    def num_blocks(self) -> int:
        return len(self._tower.blocks)

    @property
    def width(self) -> int:
        """Of a patch between blocks."""
        return self._patch_weight.shape[0]

    def layout(self, rows: int, columns: int) -> VisionLayout:
        """The constants of a grid of patches."""
        size = (rows, columns)
        if size not in self._layouts:
            self._layouts[size] = layout(self._tower, self._kind, rows, columns)
            if len(self._layouts) > MAX_LAYOUTS:
                self._layouts.popitem(last=False)
        self._layouts.move_to_end(size)
        return self._layouts[size]

    def encode(self, patches: Tensor, rows: int, columns: int) -> EncodedPairs:
        """patches (P, N, values), N = rows * columns -> their tokens."""
        return self.blocks(patches, self.layout(rows, columns), range(self.num_blocks))

    def blocks(self, x: Tensor, grid: VisionLayout, which: range) -> EncodedPairs:
        """A piece of encode(): the calls for range(0, 8), range(8, 16), ... each on the tokens of the one before.

        The first takes patches, those between give (P, N, width), the last gives the pairs' tokens. Each gives the
        extras of its own blocks.
        """
        num_pairs, num_patches, _ = x.shape
        unit = self._merge**2
        if which.start == 0:
            x = F.linear(x.to(self.dtype), self._patch_weight, self._patch_bias)
            if grid.positions is not None:
                x = x + grid.positions
            if grid.order is not None:
                x = x.view(num_pairs, -1, unit, x.shape[-1])[:, grid.order].view(num_pairs, num_patches, -1)
        extras = []
        for i in which:
            block = self._tower.blocks[i]
            x = x + self._attend(block.attn, block.norm1(x), grid, None if i in self._full else grid.windows)
            x = x + block.mlp(block.norm2(x))
            if i in self._deep:
                merged = self._tower.deepstack_merger_list[self._deep.index(i)](x)
                extras.append(merged.view(num_pairs, num_patches // unit, -1))
        if which.stop == self.num_blocks:
            x = self._tower.merger(x).view(num_pairs, num_patches // unit, -1)
            if grid.restore is not None:
                x = x[:, grid.restore]
        return EncodedPairs(x, tuple(extras))

    def _attend(self, attention: Any, x: Tensor, grid: VisionLayout, windows: Tensor | None) -> Tensor:
        num_pairs, num_patches, _ = x.shape
        qkv = attention.qkv(x).view(num_pairs, num_patches, 3, self._heads, -1)
        turned = _rotate(qkv[:, :, :2], grid.cos, grid.sin)
        q, k = turned.transpose(1, 3).unbind(2)  # (P, h, N, d)
        out = F.scaled_dot_product_attention(q, k, qkv[:, :, 2].transpose(1, 2), attn_mask=windows)
        return attention.proj(out.transpose(1, 2).reshape(num_pairs, num_patches, -1))  # type: ignore[no-any-return]


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (P, N, 2, h, d), cos and sin (N, 1, 1, d) float32; computed in float32, as stock code does."""
    wide = x.float()
    left, right = wide.chunk(2, -1)
    return (wide * cos).add_(torch.cat((-right, left), -1).mul_(sin)).to(x.dtype)
