"""What a model of real widths costs a CPU, live against stock transformers, in float32 and in bfloat16.

    python benchmarks/real_shape.py [--shape 2b|qwen3.5-0.8b|...] [--part N] [--dtypes float32 bfloat16]

Random weights; every N-th layer of both towers is there, so that times are about an N-th of the whole model's but for
the head (all of it: --part 1, which takes 9 GB of Qwen2-VL-2B, and some minutes). One thread, CPU seconds of that
thread, the best of some runs: a pair of frames through vision, the same into one window, a question on whole pairs, a
token; stock's first token of the same prompt in one pass. Prints a table and one JSON line.
"""

import argparse
import gc
import json
import platform
import resource
import time
from collections.abc import Callable
from typing import Any

import torch

from askcam.engine.bench import shapes
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import make_model
from askcam.engine.live.model import LiveModel
from askcam.engine.live.ops import RowSpan, row_batch
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.selftest import QUESTION, noise_view, stock_logits

PAIRS, WIDTH, HEIGHT = 4, 448, 336
RUNS = 3


@torch.inference_mode()
def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", default="2b", choices=shapes.NAMES)
    parser.add_argument("--part", type=int, default=4, help="one layer of so many")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"], choices=["float32", "bfloat16"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    layers, depth = shapes.shorten(options.shape, options.part)
    found: dict[str, Any] = {
        "bench": "real shape",
        "shape": options.shape,
        "cpu": platform.machine(),
        "torch": torch.__version__,
    }
    found |= {"date": time.strftime("%Y-%m-%d"), "layers": layers, "vision_blocks": depth, "pairs": PAIRS}
    for dtype in options.dtypes:
        found[dtype] = measure(getattr(torch, dtype))
        print(f"{dtype:9s}" + "  ".join(f"{name} {value:g}" for name, value in found[dtype].items()), flush=True)
        gc.collect()
    print(json.dumps(found))


def measure(dtype: torch.dtype) -> dict[str, float]:
    """CPU seconds, and memory: what the process has at most by what the weights take."""
    loaded = shapes.random_model(shapes.PART, torch.device("cpu"), dtype, max_pairs=PAIRS)
    weights = sum(parameter.nbytes for parameter in loaded.model.parameters())
    side = loaded.spec.factor
    prompter = LivePrompter(loaded, "trained")
    view = noise_view(WIDTH // side * side, HEIGHT // side * side, PAIRS)
    stock_s = cpu(lambda: stock_logits(loaded.model, prompter, view), runs=1)
    model = make_model(loaded, EngineConfig(shapes.PART, kv_gb=0.5))
    pair_s = cpu(lambda: model.encode(view.pairs[:1]))
    append_s, question_s, token_s = on_a_window(model, prompter, view)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "pair_s": pair_s,
        "append_s": append_s,
        "question_s": question_s,
        "token_s": token_s,
        "stock_first_token_s": stock_s,
        "live_by_stock": round(question_s / stock_s, 4),
        "weights_gb": round(weights / 1e9, 2),
        "peak_by_weights": round(peak / weights, 2),
    }


def on_a_window(model: LiveModel, prompter: LivePrompter, view: Any) -> tuple[float, float, float]:
    """A pair into a window; a question's words on the full window, to its first logits; one more token."""
    split = prompter.split(QUESTION)
    seam = prompter.seam(split.head, (view.newest.height, view.newest.width, view.fps))
    (pair,) = model.encode(view.pairs[:1])
    window = model.begin_window(0, split.head, seam.length(PAIRS), None)
    took = [cpu(lambda: [None for _ in model.grow([window], seam, pair)], runs=1) for _ in range(PAIRS)]
    start, tail = seam.text_start(PAIRS), model.pool.take(len(split.rest) + 1)

    def rows(first: int, ids: list[int]) -> None:
        slots = window.state.index, model.states.scratch.index
        span = RowSpan(len(ids), window.held.base, window.length, tail.base, first + len(ids), *slots)
        positions = torch.arange(start + first, start + first + len(ids)).expand(3, -1)
        select = torch.tensor([len(ids) - 1])
        model.passes.rows(model.language.embed(ids), row_batch([span], positions, model.device), select)

    question_s = cpu(lambda: rows(0, list(split.rest)))
    token_s = cpu(lambda: rows(len(split.rest), [5]))
    return min(took), question_s, token_s


def cpu(run: Callable[[], Any], runs: int = RUNS) -> float:
    """Seconds that this thread computes for it, the fastest of some runs."""
    found = []
    for _ in range(runs):
        began = time.thread_time()
        run()
        found.append(time.thread_time() - began)
    return round(min(found), 4)


if __name__ == "__main__":
    main()
