"""Where every prompt token stands for the rotary embedding (M-RoPE), for all families. Pure.

Text counts on in all three rows. A picture's token stands at (start + t, start + row, start + column). The families
differ in t (the spec says how) and the two rules differ in where the text after a video goes on:

    trained        one past the largest position of the video, as the models were trained (transformers up to 5.2)
    transformers   start + max(rows, columns), as transformers computes it from 5.3 on

They are the same until a video has more pairs (Qwen2.5-VL: temporal positions) than its grid has rows and columns.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from askcam.engine.families.spec import FamilySpec
from askcam.engine.interface import Positions

TEXT, IMAGE, VIDEO = 0, 1, 2  # mm_token_type_ids of the processor
Triple = tuple[int, int, int]  # (pairs, rows, columns) in patches


def positions(
    spec: FamilySpec,
    rule: Positions,
    token_types: npt.NDArray[np.integer],
    image_grids: Sequence[Triple],
    video_grids: Sequence[Triple],
    seconds_per_pair: Sequence[float],
) -> npt.NDArray[np.int64]:
    """Positions (3, tokens) of a prompt whose tokens are of `token_types`; one entry of the others per picture."""
    images = iter(image_grids)
    videos = _stamped(video_grids) if spec.stamped_pairs else iter(video_grids)
    seconds = iter(seconds_per_pair)
    out = np.empty((3, len(token_types)), np.int64)
    start = 0
    edges = [0, *(np.flatnonzero(np.diff(token_types)) + 1).tolist(), len(token_types)]
    for first, end in pairwise(edges):
        kind = int(token_types[first])
        if kind == TEXT:
            out[:, first:end] = start + np.arange(end - first)
            start += end - first
            continue
        pairs, rows, columns = next(images) if kind == IMAGE else next(videos)
        rows, columns = rows // spec.merge, columns // spec.merge
        step = 1.0
        if kind == VIDEO and spec.tokens_per_second is not None:
            step = spec.tokens_per_second * next(seconds)
        # float32, since transformers multiplies in it and the product is cut down to whole numbers
        t = (np.arange(pairs, dtype=np.float32) * np.float32(step)).astype(np.int64)
        grid = np.stack(np.meshgrid(t, np.arange(rows), np.arange(columns), indexing="ij")).reshape(3, -1)
        assert grid.shape[1] == end - first, f"{end - first} tokens for a grid of {(pairs, rows, columns)}"
        out[:, first:end] = start + grid
        start += max(rows, columns) if rule == "transformers" else int(grid.max()) + 1
    return out


def _stamped(video_grids: Sequence[Triple]) -> Iterator[Triple]:
    for pairs, rows, columns in video_grids:
        for _ in range(pairs):
            yield 1, rows, columns
