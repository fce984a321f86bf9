"""What a pair of frames takes on this machine, timed at the start: on as much of the model as takes a moment."""

import time
from collections.abc import Callable

import numpy as np
import torch

from askcam.engine.live.capacity import STAMP_TOKENS
from askcam.engine.live.model import LiveModel
from askcam.engine.live.ops import append_batch
from askcam.engine.live.threads import affordable
from askcam.engine.loading import Loaded
from askcam.engine.power import PairSeconds
from askcam.stream.frame import Frame
from askcam.stream.window import Pair

RUNS = 3  # of which the quickest counts: other programs make it slower, nothing makes it quicker
PICTURE = (640, 480)


def pair_seconds(loaded: Loaded, model: LiveModel, threads: int | None) -> PairSeconds:
    """Of a grey picture of the usual size, on a CPU. Blocks and layers are all alike, so that some tell of all. Before
    the engine thread begins; a second or so, for any model."""
    own = torch.get_num_threads()
    fit = loaded.spec.fit_frame(*PICTURE)
    num_tokens = loaded.spec.num_tokens(fit.width, fit.height)
    frame = Frame("speed", 0, 0.0, 0.0, np.full((fit.height, fit.width, 3), 128, np.uint8))
    try:
        torch.set_num_threads(threads or own)
        with torch.inference_mode():
            vision_s = _of_all(_encoding(model, frame), model.vision.num_blocks)
            append_s = _appending(model, num_tokens + (STAMP_TOKENS if loaded.spec.stamped_pairs else 0))
    finally:
        torch.set_num_threads(own)
    return PairSeconds(vision_s, append_s, num_tokens)


def _encoding(model: LiveModel, frame: Frame) -> Callable[[int], object]:
    """Runs the first so many blocks of the vision tower."""
    grid = model.vision.layout(*model.patch_grid(frame))
    patches = model.patches([Pair(0, frame, frame)])
    return lambda blocks: model.vision.blocks(patches, grid, range(blocks))


def _appending(model: LiveModel, num_tokens: int) -> float:
    """Seconds of appending to a window that holds one such pair: the attention to more of them is left out."""
    language, device = model.language, model.device
    held, slot = model.pool.take(2 * num_tokens), model.states.take()
    try:
        states = [(model.states.nothing.index, slot.index)]
        batch = append_batch([(held.base, num_tokens)], num_tokens, device, states)
        positions = torch.arange(num_tokens, device=device).expand(3, -1)
        x = language.embed(torch.zeros(num_tokens, dtype=torch.long, device=device))
        return _of_all(
            lambda layers: language.append(x.clone(), positions, batch, layers=range(layers)), len(language.layers)
        )
    finally:
        model.pool.release(held)
        model.states.release(slot)


def _of_all(run: Callable[[int], object], most: int) -> float:
    """Seconds of all `most` blocks or layers, by as many as take a moment."""

    def seconds(count: int) -> float:
        began = time.perf_counter()
        run(count)
        return time.perf_counter() - began

    count = affordable(seconds, most)
    return min(seconds(count) for _ in range(RUNS)) * most / count
