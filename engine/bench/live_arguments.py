"""The arguments of `askcam bench engine`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from askcam.engine.bench.arguments import even, positive, size
from askcam.engine.bench.shapes import NAMES

ON_GPU: dict[str, Any] = {
    "frames": [16, 32],
    "tokens": 128,
    "repeats": 10,
    "together": 16,
    "growing": 8,
    "cameras": 50,
    "seconds": 30.0,
}
ON_CPU: dict[str, Any] = {
    "frames": [8, 16],
    "tokens": 12,
    "repeats": 5,
    "together": 4,
    "growing": 2,
    "cameras": 4,
    "seconds": 6.0,
}


def parse(argv: Sequence[str], default_model: str | None) -> argparse.Namespace:
    """Exits with 2 and says why when they are wrong."""
    parser = argparse.ArgumentParser(prog="askcam bench engine", description="What the live backend gains.")
    which = parser.add_mutually_exclusive_group(required=default_model is None)
    which.add_argument("--model", default=default_model, help="a model's folder or hub id")
    which.add_argument(
        "--shape", choices=NAMES, help="random weights of a real shape, for a GPU: Qwen2-VL's, or qwen3.5-..."
    )
    which.add_argument("--tiny", action="store_const", const="tiny", dest="shape", help="a random toy: does it run?")
    parser.add_argument("--frames", type=even, nargs="+", metavar="N", help="window lengths, even")
    parser.add_argument("--stretch", action="store_true", help="longer windows than the model was trained on")
    parser.add_argument("--size", type=size, metavar="WxH", help="the cameras' picture")
    parser.add_argument("--tokens", type=positive, metavar="N", help="of an answer")
    parser.add_argument("--repeats", type=positive, metavar="N", help="questions per window")
    parser.add_argument("--together", type=positive, metavar="N", help="questions at once")
    parser.add_argument("--windows", type=positive, metavar="N", help="cameras that they are about; as many")
    parser.add_argument("--together-frames", type=even, metavar="N", help="of their windows; the longest")
    parser.add_argument("--growing", type=positive, metavar="N", help="cameras that grow while questions are asked")
    parser.add_argument("--cameras", type=positive, metavar="N", help="cameras whose windows are to be sustained")
    parser.add_argument("--seconds", type=float, metavar="S", help="that they are sustained for")
    parser.add_argument("--rounding", action="store_true", help="logits against wider weights, which take memory")
    parser.add_argument("--compiled", action="store_true", help="also stock generate, compiled: takes minutes")
    parser.add_argument("--budget-s", type=float, metavar="S", help="leave out steps after so long")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures there after every step")
    parser.add_argument("--threads", type=positive, metavar="N", help="CPU threads of both; each backend's own choice")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto", choices=["auto", "float32", "bfloat16", "float16"])
    options = parser.parse_args(argv)
    on_gpu = torch.cuda.is_available() and options.device != "cpu"
    for name, value in (ON_GPU if on_gpu else ON_CPU).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.frames.sort()
    options.windows = min(options.windows or options.together, options.together)
    options.together_frames = options.together_frames or options.frames[-1]
    return options
