"""What need not be read to run a model on a CPU. On a GPU all is as ever: there torch's compiler has work to do."""

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any

import torch

from askcam.engine.deferred import deferred

SHAPES = "torch.fx.experimental.symbolic_shapes"
# What transformers, torchvision and qwen_vl_utils import at their top, and run only if somebody asks them to: torch's
# compiler and what comes with it, tensors over several machines, the package that spreads a model over several devices,
# models and data sets of their own, downloads.
UNUSED = (
    "accelerate",
    "requests",
    "sympy",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed._composable",
    "torch.distributed.checkpoint",
    "torch.distributed.fsdp",
    "torch.distributed.tensor",
    SHAPES,
    "torch.nn.attention.flex_attention",
    "torchvision.datasets",
    "torchvision.models",
    "torchvision.ops",
)
MAKERS = ("torch.distributed.tensor",)
MARKS = (  # of functions, for the compiler
    "torch._dynamo.allow_in_graph",
    "torch._dynamo.assume_constant_result",
    "torch._dynamo.disable",
)
# Asked of every size, where a model is built before its weights are read: what they give for sizes that are known.
PLAIN: dict[str, Callable[..., Any]] = {
    f"{SHAPES}.{name}": lambda number: number
    for name in (
        "expect_true",
        "guard_bool",
        "guard_or_false",
        "guard_or_true",
        "guard_size_oblivious",
        "guarding_hint_or_throw",
        "statically_known_true",
    )
} | {
    f"{SHAPES}.has_guarding_hint": lambda number: True,
    f"{SHAPES}.is_nested_int": lambda number: False,
    f"{SHAPES}.sym_and": lambda *numbers: reduce(operator.and_, numbers),
    f"{SHAPES}.sym_eq": operator.eq,
    f"{SHAPES}.sym_or": lambda *numbers: reduce(operator.or_, numbers),
}


@contextmanager
def reading_lightly() -> Iterator[None]:
    """While other packages are imported and classes found in them."""
    if torch.cuda.is_available():
        yield
        return
    with deferred(*UNUSED, makers=MAKERS, marks=MARKS, plain=PLAIN):
        yield
