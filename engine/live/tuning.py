"""Which kernel multiplies which weights: measured at start-up on the device at hand, with the model's own weights.

cuBLAS stays where it is faster, and where one of ours gives another result than plain torch.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from askcam.engine.live.captured import Captured
from askcam.engine.live.language import Language
from askcam.engine.live.ops import Ops
from askcam.engine.live.projections import Projection
from askcam.engine.live.torch_ops import TorchOps
from askcam.engine.live.triton_ops import MOST_FEW, LaunchPlan, Shape, TritonOps

log = logging.getLogger("askcam.engine")

# rows and columns of a tile, warps, and programs on a multiprocessor (one row) or steps under way (a few rows)
ONE = [(4, 1024, 4, 5), (4, 512, 4, 8)]
ONE_GATED = [(4, 512, 4, 4), (2, 1024, 4, 5)]
FEW = [(16, 256, 4, 4), (32, 256, 4, 3)]
FEW_GATED = [(32, 128, 4, 4)]
LIMIT = 2e-2  # of an error's norm to the result's, at bfloat16; a wrong kernel is off by 1


@dataclass(frozen=True, slots=True)
class _Product:
    """One of a layer's products. `run` does it with some ops: x (R, hidden) in, what it changed or made out."""

    name: str
    width: int  # of its input
    parts: Sequence[Projection]  # of every layer
    gated: bool
    run: Callable[[Ops, Tensor, Tensor, int], Tensor]  # ops, x, input, layer


def tune(language: Language) -> dict[Shape, LaunchPlan]:
    """The plans for TritonOps. Takes seconds: kernels are compiled, then timed over all layers, as graphs."""
    plans: dict[Shape, LaunchPlan] = {}
    for product in _products(language):
        if any(part.weight is None for part in product.parts):
            continue  # modules multiply by themselves
        for rows, tiles in ((1, ONE_GATED if product.gated else ONE), (MOST_FEW, FEW_GATED if product.gated else FEW)):
            shape = (product.parts[0].num_out, product.parts[0].num_in, product.gated, rows == 1)
            best_ms = _milliseconds(language, product, TritonOps(), rows)
            for tile in tiles:
                ops = TritonOps({shape: LaunchPlan(tile)})
                try:
                    took_ms = _milliseconds(language, product, ops, rows)
                    error = _error(language, product, ops, rows)
                except Exception as exc:  # this device cannot: cuBLAS can
                    log.warning("%s: no kernel with tiles of %s here (%s)", product.name, tile, exc)
                    continue
                if not error < LIMIT:
                    log.error("%s: the kernel with tiles of %s is wrong by %g here; unused", product.name, tile, error)
                elif took_ms < best_ms:
                    best_ms, plans[shape] = took_ms, LaunchPlan(tile)
            log.info("%s of %d rows: %.3f ms, %s", product.name, rows, best_ms, plans.get(shape, "cuBLAS"))
    return plans


def _products(language: Language) -> list[_Product]:
    layers, eps = language.layers, language.eps

    def into(x: Tensor, y: Tensor | None) -> Tensor:
        return x if y is None else x + y

    return [
        *_attention_products(language, into),
        *_state_products(language),
        _Product(
            "gate and up",
            language.hidden,
            [one.mlp.gate_up for one in layers],
            True,
            lambda ops, x, a, i: ops.norm_gated(x, None, layers[i].mlp.norm, eps, layers[i].mlp.gate_up),
        ),
        _Product(
            "down",
            layers[0].mlp.down.num_in,
            [one.mlp.down for one in layers],
            False,
            lambda ops, x, a, i: into(x, ops.linear_add(x, a, layers[i].mlp.down)),
        ),
        _Product(
            "logits",
            language.hidden,
            [language.head],
            False,
            lambda ops, x, a, i: ops.norm_linear(x, None, language.norm, eps, language.head),
        ),
    ]


def _attention_products(language: Language, into: Callable[[Tensor, Tensor | None], Tensor]) -> list[_Product]:
    layers, eps = language.full, language.eps
    return [
        _Product(
            "queries, keys, values",
            language.hidden,
            [one.qkv for one in layers],
            False,
            lambda ops, x, a, i: ops.norm_linear(x, None, layers[i].input_norm, eps, layers[i].qkv),
        ),
        _Product(
            "attention's output",
            layers[0].out.num_in,
            [one.out for one in layers],
            False,
            lambda ops, x, a, i: into(x, ops.linear_add(x, a, layers[i].out)),
        ),
    ]


def _state_products(language: Language) -> list[_Product]:
    layers, eps = language.linear, language.eps
    if not layers:
        return []
    mixed = _Product(
        "what states are fed",
        language.hidden,
        [one.mixed for one in layers],
        False,
        lambda ops, x, a, i: ops.norm_linear(x, None, layers[i].input_norm, eps, layers[i].mixed),
    )
    return [mixed]


def _inputs(language: Language, product: _Product, rows: int) -> tuple[Tensor, Tensor]:
    noise = torch.Generator(language.device).manual_seed(rows)
    shapes = ((rows, language.hidden), (rows, product.width))
    x, a = (torch.randn(shape, generator=noise, device=language.device).to(language.dtype) for shape in shapes)
    return x, a


def _milliseconds(language: Language, product: _Product, ops: Ops, rows: int) -> float:
    """Of one product, over all layers so that weights come from memory."""
    x, a = _inputs(language, product, rows)

    def all_layers() -> None:
        for i in range(len(product.parts)):
            product.run(ops, x, a, i)

    return Captured(all_layers, language.device).milliseconds() / len(product.parts)


def _error(language: Language, product: _Product, ops: Ops, rows: int) -> float:
    x, a = _inputs(language, product, rows)
    want = product.run(TorchOps(), x.clone(), a, 0).float()
    got = product.run(ops, x.clone(), a, 0).float()
    return float((got - want).norm() / want.norm())
