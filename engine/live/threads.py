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
PIECE_S = 0.1  # of the vision tower that is timed: so many blocks as take about this long, or one
WORTH = 0.9  # more threads must take less than this share of the time


def best_threads(loaded: Loaded, model: LiveModel) -> int:
    """Encodes a grey pair with 1, 2, 4 ... threads, up to torch's own choice: with as much of the vision tower as keeps
    that to a few seconds for any model."""
    own = torch.get_num_threads()
    fit = loaded.spec.fit_frame(640, 480)
    frame = Frame("threads", 0, 0.0, 0.0, np.full((fit.height, fit.width, 3), 128, np.uint8))

    def encode(blocks: int) -> None:
        grid = model.vision.layout(*model.patch_grid(frame))
        model.vision.blocks(model.patches([Pair(0, frame, frame)]), grid, range(blocks))

    try:
        with torch.inference_mode():
            blocks = affordable(lambda blocks: _once(lambda: encode(blocks)), model.vision.num_blocks)
            return fewest(lambda threads: _time(threads, lambda: encode(blocks)), own)
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


def affordable(seconds: Callable[[int], float], most: int) -> int:
    """Of `most` blocks, as many as take PIECE_S; one at least. `seconds` measures a number of them. Pure."""
    seconds(1)  # makes what later runs find made
    one = seconds(1)
    return max(1, min(most, int(PIECE_S / max(one, 1e-9))))


def _time(threads: int, run: Callable[[], None]) -> float:
    torch.set_num_threads(threads)
    run()
    return statistics.median(_once(run) for _ in range(RUNS))


def _once(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
