"""How many CPU threads serve this model on this machine: measured, since more can be slower.

Threads that sleep while they wait (calm.py) must be woken for each of a pass's hundreds of products. For a small model
that costs more than it gains, and a camera server has other work for its cores.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from askcam.engine.live.model import LiveModel
from askcam.engine.loading import Loaded
from askcam.stream.frame import Frame
from askcam.stream.window import Pair

RUNS = 5
WORTH = 0.9  # more threads must take less than this share of the time


def best_threads(loaded: Loaded, model: LiveModel) -> int:
    """Encodes a grey pair with 1, 2, 4 ... threads, up to torch's own choice. Takes about half a second or less."""
    own = torch.get_num_threads()
    fit = loaded.spec.fit_frame(640, 480)
    frame = Frame("threads", 0, 0.0, 0.0, np.full((fit.height, fit.width, 3), 128, np.uint8))

    def encode() -> None:
        model.vision.encode(model.patches([Pair(0, frame, frame)]), *model.patch_grid(frame))

    try:
        with torch.inference_mode():
            return fewest(lambda threads: _time(threads, encode), own)
    finally:
        torch.set_num_threads(own)


def fewest(seconds: Callable[[int], float], most: int) -> int:
    """The smallest of 1, 2, 4 ... `most` beyond which more is not worth it. `seconds` measures one number. Pure."""
    best, took = 1, seconds(1)
    for threads in [*(2**i for i in range(1, 10) if 2**i < most), *([most] if most > 1 else [])]:
        with_more = seconds(threads)
        if with_more > WORTH * took:
            break
        best, took = threads, with_more
    return best


def _time(threads: int, run: Callable[[], None]) -> float:
    torch.set_num_threads(threads)
    run()
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return statistics.median(took)
