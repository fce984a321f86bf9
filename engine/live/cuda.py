"""What the live engine does on CUDA only: kernels instead of plain torch, measured plans, captured passes.

Each of these is left out, with a line in the log, where this machine cannot do it: plain torch is slower, not wrong.
"""

import logging
import sys
from collections.abc import Callable
from math import prod

import torch
from torch import Tensor

from askcam.engine.live.graphs import Graphs
from askcam.engine.live.language import Language
from askcam.engine.live.layers import LinearLayer
from askcam.engine.live.model import LiveModel
from askcam.engine.live.ops import LayerStates, Ops, RowSpan, append_batch, row_batch
from askcam.engine.live.passes import Passes
from askcam.engine.live.torch_ops import TorchOps
from askcam.engine.weights import first_line

log = logging.getLogger("askcam.engine")

LIMIT = 2e-2  # of an error's norm to the result's, in 16 bits


def choose_ops(device: torch.device) -> Ops:
    """Triton's operations on CUDA, else plain torch; that too where Triton is missing, too old or broken."""
    if device.type != "cuda":
        return TorchOps()
    try:
        from askcam.engine.live.triton_ops import TritonOps

        return TritonOps()
    except Exception as exc:  # an import may fail by whatever the package does
        log.warning("the live backend runs on plain torch, slower: %s", _why_no_triton(exc))
        return TorchOps()


def check_ops(language: Language) -> str | None:
    """Try the language model's operations in its own shapes against plain torch; returns what is wrong, if anything."""
    try:
        for name, error in operation_errors(language):
            if not error < LIMIT:
                return f"{name} is off by {error:.2g}"
    except Exception as exc:  # a kernel that this device or Triton cannot make
        return f"a kernel does not run: {type(exc).__name__}: {first_line(exc)}"
    return None


def settle_ops(language: Language, progress: Callable[[str], None]) -> bool:
    """Check the kernels and measure where they help; returns whether they are used; else plain torch is."""
    if isinstance(language.ops, TorchOps):
        return False
    wrong = check_ops(language)
    if wrong is not None:
        log.error("the live backend runs on plain torch, slower: on this device %s", wrong)
        language.ops = TorchOps()
        return False
    from askcam.engine.live.triton_ops import TritonOps
    from askcam.engine.live.tuning import tune

    assert isinstance(language.ops, TritonOps)
    progress("measuring kernels")
    try:
        language.ops.plans.update(tune(language))
    except Exception as exc:  # of timing them: what is multiplied is right without
        log.warning("kernels cannot be timed here, so cuBLAS multiplies: %s: %s", type(exc).__name__, first_line(exc))
    return True


def settle_passes(model: LiveModel, progress: Callable[[str], None]) -> Passes:
    """Passes that are replayed as CUDA graphs; where there are no graphs, those that just run."""
    progress("capturing CUDA graphs")
    try:
        graphs = Graphs(model.language, model.vision, model.pool)
        graphs.capture_rows()
    except Exception as exc:
        log.warning("passes run without CUDA graphs, slower: %s: %s", type(exc).__name__, first_line(exc))
        return model.passes
    return graphs


def _why_no_triton(exc: Exception) -> str:
    """In a line."""
    triton = sys.modules.get("triton")
    if triton is None:
        return f"Triton, which comes with torch on Linux, cannot be imported ({first_line(exc)})"
    version = vars(triton).get("__version__", "of an unknown version")
    return f"Triton {version} cannot be used, 3.4 or newer can, as of torch 2.8 ({first_line(exc)})"


@torch.no_grad()
def operation_errors(language: Language) -> list[tuple[str, float]]:
    """Of each operation by name: its error on noise, of the size of what plain torch gives. A launch may raise."""
    ours, plain, device, dtype = language.ops, TorchOps(), language.device, language.dtype
    noise = torch.Generator(device).manual_seed(0)

    def randn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=noise, device=device).to(dtype)

    heads, kv, dim = language.num_heads, language.num_kv, language.head_dim
    layer, scale, eps = language.full[0], language.scale, language.eps
    k, v = randn(512, kv, dim), randn(512, kv, dim)
    # two questions on one window of 100 tokens, one answer on another, one without a window
    spans = [
        RowSpan(17, 0, 100, 300, 17),
        RowSpan(9, 0, 100, 320, 12),
        RowSpan(1, 100, 150, 340, 1),
        RowSpan(1, 0, 0, 350, 3),
    ]
    num_rows = sum(span.num_rows for span in spans)
    batch = row_batch(spans, torch.zeros(3, num_rows, dtype=torch.int32), device)
    grown = append_batch([(0, 100), (150, 60)], 20, device)
    x, y, q = randn(num_rows, language.hidden), randn(num_rows, language.hidden), randn(num_rows, heads, dim)
    more = randn(40, heads, dim)
    qkv = randn(num_rows, (heads * (1 + layer.gated) + 2 * kv) * dim)
    angles = torch.randn(num_rows, language.rotary_dim // 2, generator=noise, device=device).repeat(1, 2)
    slots = torch.arange(400, 400 + num_rows, device=device, dtype=torch.int32)

    def rotated(ops: Ops) -> Tensor:
        keys, values = k.clone(), v.clone()
        turned = ops.rope_write(qkv, angles.cos(), angles.sin(), slots, keys, values, heads, layer.heads, layer.gated)
        return torch.cat((turned.flatten(), keys.flatten(), values.flatten()))

    calls: list[tuple[str, Callable[[Ops], Tensor]]] = [
        ("rotating and writing keys", rotated),
        ("attention of rows", lambda ops: ops.row_attention(q, k, v, batch, scale)),
        ("attention of frames", lambda ops: ops.append_attention(more, k, v, grown, scale)),
        ("norm", lambda ops: ops.norm_linear(x.clone(), y, layer.input_norm, eps, layer.qkv)),
        ("gate", lambda ops: ops.norm_gated(x.clone(), y, layer.mlp.norm, eps, layer.mlp.gate_up)),
    ]
    if layer.gated:
        calls.append(("gates of attention", lambda ops: ops.gate(q.clone(), qkv)))
    if language.linear:
        one = language.linear[0]
        calls.append(("states", lambda ops: _fed(ops, one, x, one.mixed(x))))
    return [(name, _relative(call(ours), call(plain))) for name, call in calls]


def _fed(ops: Ops, layer: LinearLayer, x: Tensor, mixed: Tensor) -> Tensor:
    """What rows and windows read from states of noise, and what they leave."""
    device, num_rows = x.device, x.shape[0]
    shapes = (24, *layer.delta.memory_shape), (24, *layer.delta.recent_shape)
    memory, recent = (torch.linspace(-1, 1, prod(shape), device=device).view(shape) for shape in shapes)
    states = LayerStates(memory, recent.to(x.dtype))
    lengths = [num_rows - 11, 9, 1, 1]
    spans = [RowSpan(count, 0, 0, 0, count, 2 + i, 8 + i) for i, count in enumerate(lengths)]
    rows = row_batch(spans, torch.zeros(3, num_rows, dtype=torch.int32), device)
    grown = append_batch([(0, 0), (20, 0)], num_rows // 2, device, [(2, 14), (3, 15)])
    found = [ops.delta(mixed, layer.delta, states, rows), ops.delta(mixed, layer.delta, states, grown)]
    left = (states.memory[8:16], states.recent[8:16])
    return torch.cat([part.float().flatten() for part in (*found, *left)])


def _relative(got: Tensor, want: Tensor) -> float:
    return float((got.float() - want.float()).norm() / want.float().norm())
