"""How a video is cut."""

import numpy as np
import pytest

from askcam.features.summary.plan import make_plan
from askcam.stream.frame import Frame
from askcam.stream.window import Anchors, Window


def test_segments_are_as_long_as_the_models_window_and_half_of_each_is_in_the_next() -> None:
    plan = make_plan(Anchors.within(8).max_pairs)
    assert (plan.fps, plan.num_pairs, plan.hop, plan.segment_s) == (2.0, 7, 4, 7.0)
    assert plan.anchors == Anchors.within(8), "the engine keeps the very windows that are asked about"


@pytest.mark.parametrize("num_pairs", [2, 3, 7, 15])
def test_a_window_of_the_plans_anchors_holds_one_segment_when_it_is_due(num_pairs: int) -> None:
    plan = make_plan(num_pairs)
    window = Window("film", plan.anchors, plan.fps)
    covered, asked = 0, 0
    for k in range(200):
        window.add(Frame("film", k, k / 2, k / 2, np.zeros((28, 28, 3), np.uint8)))
        if window.waiting is None and window.num_pairs_seen == plan.due(asked):
            pairs = [pair.index for pair in window]
            assert len(pairs) == num_pairs
            assert pairs[0] < covered or not asked, "segments must overlap"
            covered, asked = pairs[-1] + 1, asked + 1
    assert asked > 10


def test_a_long_segment_is_sampled_less() -> None:
    plan = make_plan(7, segment_s=70)
    assert (plan.fps, plan.num_pairs) == (0.2, 7)


def test_a_short_one_has_fewer_pairs() -> None:
    assert make_plan(7, segment_s=4).num_pairs == 4


@pytest.mark.parametrize(
    ("fps", "segment_s", "remedy"), [(2.0, 60.0, "--segment 7"), (2.0, 60.0, "--fps 0.23"), (1.0, 2.0, "--fps 2")]
)
def test_what_a_window_cannot_hold_is_refused_with_the_remedy(fps: float, segment_s: float, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        make_plan(7, fps, segment_s)
