"""Modules that multiply in a way of their own, as those of quantized weights do: tried out before they are used.

A window is read piece by piece, and questions beside each other. So a row may come out no differently when others lie
beside it; modules that scale a whole pass by its largest value, or treat a column by what all rows hold there, are for
the portable backend, which runs the passes that transformers would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from askcam.engine.errors import ModelError

SIZES = (5.0, 50.0, 0.05, 5.0)  # of the largest value in each row that is tried
ALONE = (0, 2, 3)  # rows that are tried without the others: each try multiplies by all weights
LIMIT = {torch.float32: 1e-4}  # of an error's norm to the result's, where only the order of adding differs;
LIMIT_16 = 1e-2  # in 16 bits


@dataclass(frozen=True, slots=True)
class OwnModules:
    """What check_own found: how many there are, and whether any rounds what goes in."""

    count: int = 0
    rounding: bool = False

    def told(self, device: torch.device) -> str:
        """What they cost, in a line; "" where there are none."""
        if not self.count:
            return ""
        graphs = ", without CUDA graphs: answers take longer" if device.type == "cuda" else ""
        return f"{self.count} of its layers are multiplied by modules of their own{graphs}"


PLAIN = OwnModules()


def has_own_product(module: nn.Module) -> bool:
    """Whether it is a layer from so many values to so many, whatever its weights are."""
    sizes = (getattr(module, "in_features", None), getattr(module, "out_features", None))
    return all(isinstance(size, int) for size in sizes)


@torch.inference_mode()
def check_own(modules: dict[str, Any], device: torch.device, dtype: torch.dtype) -> OwnModules:
    """Each by its name, those of the vision tower under `visual`. Raises ModelError for rows that are not each
    other's equals."""
    rounding = False
    for name, module in modules.items():
        as_stock_does = _flat if ".visual." in f".{name}" else _sequence
        rounding |= _rounds(name, module, as_stock_does, device, dtype)
    return OwnModules(len(modules), rounding)


Call = Callable[[Any, Tensor], Tensor]  # module, rows (R, K) -> (R, N)


def _sequence(module: Any, rows: Tensor) -> Tensor:
    """As a language model's modules are called, and all of ours."""
    found: Tensor = module(rows[None])[0]
    return found


def _flat(module: Any, rows: Tensor) -> Tensor:
    """As transformers calls a vision tower's."""
    found: Tensor = module(rows)
    return found


def _rounds(name: str, module: Any, as_stock_does: Call, device: torch.device, dtype: torch.dtype) -> bool:
    """Whether it rounds what goes in. Raises ModelError."""
    limit = LIMIT.get(dtype, LIMIT_16)
    rows = _rows(int(module.in_features)).to(device, dtype)
    together = _sequence(module, rows)
    if together.dtype != dtype:
        raise ModelError(f"{name} ({type(module).__name__}) gives {together.dtype} for {dtype}")
    beside = as_stock_does(module, rows)
    for i in ALONE:
        alone = as_stock_does(module, rows[i : i + 1])[0]
        if max(_error(together[i], alone), _error(beside[i], alone)) > limit:
            raise ModelError(
                f"{name} ({type(module).__name__}) computes a row otherwise when others are beside it, as when "
                "one scale is taken for all of them; the live backend reads frames and questions together"
            )
    first, last = together[0].float(), together[-1].float()
    both = _sequence(module, rows[:1] + rows[-1:])[0].float()
    nothing = _sequence(module, torch.zeros_like(rows[:1]))[0].float()  # its bias
    return _error(first + last - nothing, both) > limit


def _rows(num_in: int) -> Tensor:
    """Noise (4, K) with a few large values, as activations have: what is rounded by the largest is rounded coarsely.
    The largest row is all large."""
    noise = torch.randn(len(SIZES), num_in, generator=torch.Generator().manual_seed(0))
    noise[[0, 2, 3]] **= 5
    return noise / noise.abs().amax(1, keepdim=True) * torch.tensor(SIZES)[:, None]


def _error(got: Tensor, want: Tensor) -> float:
    return float((got.float() - want.float()).norm() / want.float().norm())
