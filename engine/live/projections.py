"""What rows are multiplied by: a fused weight that kernels may read, or modules that are called as they are.

A module whose weight is packed, or that rounds what goes in, computes its product in a way of its own. The language
model and its operations ask for products only; which kind one is, is known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from askcam.engine.mapped import let_go

DTYPES = (torch.float32, torch.bfloat16, torch.float16)  # of weights that are read here


class Projection(Protocol):
    """A product of rows. Owned by the engine thread. K values of a row go in, N come out."""

    @property
    def num_in(self) -> int:
        """K."""
        ...

    @property
    def num_out(self) -> int:
        """N."""
        ...

    @property
    def weight(self) -> Tensor | None:
        """(N, K), for kernels; None where only the modules know it."""
        ...

    @property
    def bias(self) -> Tensor | None:
        """(N,), if kernels have one to add."""
        ...

    def __call__(self, rows: Tensor) -> Tensor:
        """rows (R, K) -> (R, N), contiguous, in the type of the rows."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FusedWeight:
    """Plain weights as one matrix."""

    weight: Tensor  # (N, K)
    bias: Tensor | None = None  # (N,)

    @property
    def num_in(self) -> int:
        return self.weight.shape[1]

    @property
    def num_out(self) -> int:
        return self.weight.shape[0]

    def __call__(self, rows: Tensor) -> Tensor:
        return F.linear(rows, self.weight, self.bias)


@dataclass(frozen=True, slots=True, eq=False)
class ModuleProducts:
    """Modules side by side, each by its own forward."""

    modules: tuple[Any, ...]
    weight: None = None
    bias: None = None

    @property
    def num_in(self) -> int:
        return int(self.modules[0].in_features)

    @property
    def num_out(self) -> int:
        return sum(int(module.out_features) for module in self.modules)

    def __call__(self, rows: Tensor) -> Tensor:
        sequence = rows[None]  # as stock code calls them: some round a row otherwise when there are but two axes
        parts = [module(sequence)[0] for module in self.modules]
        return parts[0] if len(parts) == 1 else torch.cat(parts, -1)


def projection(modules: Sequence[Any], by_columns: bool = False) -> Projection:
    """The product of rows with several modules that read the same. Plain ones become views of one fused weight.

    `by_columns`: a fused matrix whose columns, not rows, are contiguous."""
    if any(strangeness(module) is not None for module in modules):
        return ModuleProducts(tuple(modules))
    bias = None if modules[0].bias is None else fuse(modules, "bias")
    return FusedWeight(fuse(modules, "weight", by_columns), bias)


def strangeness(module: nn.Module) -> str | None:
    """Why the weight of a linear module, an embedding or a convolution cannot be read as it lies there; None: it can.

    To be put behind the module's name."""
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor):
        return "has its weight packed"
    if weight.dtype not in DTYPES:
        return f"holds {str(weight.dtype).removeprefix('torch.')}"
    if type(module) not in (nn.Linear, nn.Embedding, nn.Conv3d):
        return f"is a {type(module).__name__}"
    if type(weight) not in (nn.Parameter, Tensor):
        return f"holds a {type(weight).__name__}"
    own = vars(module).get("forward")  # what was put there may be the class's again
    stock = own is None or getattr(own, "__func__", None) is type(module).forward
    hooked = module._forward_hooks or module._forward_pre_hooks
    return None if stock and not hooked else "computes in a way of its own"


def fuse(modules: Sequence[Any], name: str, by_columns: bool = False) -> Tensor:
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
    let_go(parts)
    return whole
