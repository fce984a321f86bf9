"""What a vision tower needs to know about a grid of patches, computed once per grid. One function per difference."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class VisionLayout:
    """Constants of one grid on the device. N patches, d head dimension; patches come merge block by merge block."""

    cos: Tensor  # (N, 1, 1, d) float32
    sin: Tensor
    positions: Tensor | None = None  # (N, dim) learned positions to be added to the patches (from Qwen3-VL on)
    order: Tensor | None = None  # merge blocks window by window (Qwen2.5-VL)
    restore: Tensor | None = None  # ... and back
    windows: Tensor | None = None  # (N, N) bool: who sees whom in blocks with windows, in that order


def layout(tower: Any, kind: str, rows: int, columns: int) -> VisionLayout:
    """The layout of `rows` x `columns` patches for a stock tower of family `kind`."""
    merge = int(tower.spatial_merge_size)
    device = tower.patch_embed.proj.weight.device
    at = block_order(rows, columns, merge)  # (N, 2)
    frequencies = tower.rotary_pos_emb.inv_freq.float().cpu()
    angles = (at[..., None].float() * frequencies).flatten(1)
    angles = torch.cat((angles, angles), -1)
    cos, sin = (part[:, None, None].to(device) for part in (angles.cos(), angles.sin()))
    if kind == "qwen2_5_vl":
        order, window_of = window_order(rows // merge, columns // merge, tower.window_size // merge // tower.patch_size)
        patch_order = (order[:, None] * merge**2 + torch.arange(merge**2)).flatten()
        window_of = window_of.repeat_interleave(merge**2)
        windows = window_of[:, None] == window_of[None]
        cos, sin = cos[patch_order.to(device)], sin[patch_order.to(device)]
        return VisionLayout(
            cos,
            sin,
            None,
            order.to(device),
            torch.argsort(order).to(device),
            None if windows.all() else windows.to(device),
        )
    if hasattr(tower, "pos_embed"):
        return VisionLayout(cos, sin, _learned(tower, at, rows, columns).to(device))
    return VisionLayout(cos, sin)


def block_order(rows: int, columns: int, merge: int) -> Tensor:
    """(N, 2): row and column of each patch, in the order in which a processor lays them out."""
    at = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij"), -1)
    return at.view(rows // merge, merge, columns // merge, merge, 2).transpose(1, 2).reshape(-1, 2)


def window_order(rows: int, columns: int, side: int) -> tuple[Tensor, Tensor]:
    """Of a grid of merge blocks in windows of `side` x `side`: the blocks window by window, and each one's window."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    window = (row // side * -(-columns // side) + column // side).flatten()
    order = torch.argsort(window, stable=True)
    return order, window[order]


def _learned(tower: Any, at: Tensor, rows: int, columns: int) -> Tensor:
    """The learned square of positions, stretched over the grid: bilinear, corners on corners."""
    side = int(tower.num_grid_per_side)
    weight = tower.pos_embed.weight.cpu()
    axes = []
    for axis, size in enumerate((rows, columns)):
        place = at[:, axis].float() * (side - 1) / max(size - 1, 1)
        low = place.floor()
        axes.append((low.long(), (low.long() + 1).clamp(max=side - 1), place - low))
    (top, bottom, down), (left, right, along) = axes
    corners = (
        (top, left, (1 - down) * (1 - along)),
        (top, right, (1 - down) * along),
        (bottom, left, down * (1 - along)),
        (bottom, right, down * along),
    )
    return (
        torch.stack([weight[row * side + column] * share[:, None] for row, column, share in corners])
        .sum(0)
        .to(weight.dtype)
    )
