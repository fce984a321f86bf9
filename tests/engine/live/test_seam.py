"""A window's positions, counted pair by pair, are those of the whole prompt."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from askcam.engine.live.prompts import LivePrompter
from askcam.engine.loading import Loaded
from askcam.stream.window import View

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")


@pytest.mark.parametrize("rule", ["trained", "transformers"])
@pytest.mark.parametrize("fps", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("kind", FAMILIES)
def test_head_units_and_rest_are_the_stock_prompt(
    kind: str, fps: float, rule: Any, sharp: Callable[[str], Loaded], view_of: Callable[..., View], about: Any
) -> None:
    loaded = sharp(kind)
    prompter = LivePrompter(loaded, rule)
    question = about("What is this?")
    split = prompter.split(question)
    for num_pairs in (1, 2, 7, 16):
        view = view_of(3 * loaded.spec.factor, 2 * loaded.spec.factor, 2 * num_pairs, fps)
        seam = prompter.seam(split.head, (view.newest.height, view.newest.width, view.fps))
        units = [seam.unit(number) for number in range(num_pairs)]
        ids, places = [*split.head], [np.tile(np.arange(len(split.head)), (3, 1))]
        for unit in units:
            ids += [*unit.before, *[prompter.pad] * unit.num_tokens, *unit.after]
            places.append(unit.positions)
        assert len(ids) == seam.length(num_pairs)
        start = seam.text_start(num_pairs)
        places.append(np.tile(np.arange(start, start + len(split.rest)), (3, 1)))
        ids += split.rest
        prompt, positions = prompter.whole(question, view)
        assert ids == prompt.inputs["input_ids"][0].tolist()
        assert (np.concatenate(places, 1) == positions).all()
