"""Pairs encoded one by one, or as a batch, are what the stock processor and tower make of the whole clip."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from askcam.engine.live.prep import Patcher
from askcam.engine.live.vision import Vision
from askcam.engine.loading import Loaded
from askcam.engine.prompt import Prompter
from askcam.stream.window import View

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
GRIDS = ((2, 3), (4, 4), (5, 3), (1, 7))  # rows and columns of tokens


def noisy(view: View) -> View:
    """The same view with pixels that differ everywhere."""
    generator = np.random.default_rng(3)
    for frame in view.frames:
        frame.pixels[:] = generator.integers(0, 256, frame.pixels.shape, np.uint8)
    return view


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("kind", FAMILIES)
@torch.inference_mode()
def test_a_pair_alone_is_what_it_is_in_the_clip(
    kind: str, grid: tuple[int, int], sharp: Callable[[str], Loaded], view_of: Callable[..., View], about: Any
) -> None:
    loaded = sharp(kind)
    factor = loaded.spec.factor
    view = noisy(view_of(grid[1] * factor, grid[0] * factor, 6))
    inputs = Prompter(loaded.processor, loaded.spec, "trained", 8).prompt(about("?"), view).inputs
    patcher = Patcher(
        loaded.processor.video_processor, loaded.spec.patch, loaded.spec.merge, loaded.device, torch.float32
    )
    patches = patcher([frame.pixels for frame in view.frames])
    assert torch.equal(patches.flatten(0, 1), inputs["pixel_values_videos"])

    found = loaded.model.model.get_video_features(inputs["pixel_values_videos"], inputs["video_grid_thw"])
    want = torch.cat(tuple(found.pooler_output))
    _, rows, columns = inputs["video_grid_thw"][0].tolist()
    vision = Vision(loaded.model, kind)
    one_by_one = [vision.encode(patches[i : i + 1], rows, columns) for i in range(3)]
    together = vision.encode(patches, rows, columns)
    for got in (torch.cat([pair.tokens for pair in one_by_one]), together.tokens):
        assert (got.flatten(0, 1) - want).abs().max() < 1e-4 * want.abs().max()
    deep = getattr(found, "deepstack_features", None) or ()
    assert len(together.extras) == len(deep)
    for i, feature in enumerate(deep):
        alone = torch.cat([pair.extras[i] for pair in one_by_one])
        want = torch.cat(tuple(feature)) if isinstance(feature, tuple | list) else feature
        assert (alone.flatten(0, 1) - want).abs().max() < 1e-4 * want.abs().max()
