"""Which power suits a machine, by what a pair takes there: pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.families.spec import FamilySpec, ModelLimits
from askcam.engine.interface import EngineConfig
from askcam.engine.power import FEWER_TOKENS, LEAST_TOKENS, PairSeconds, anchors_of, choose, smaller_frames
from askcam.stream.window import Anchors

SIDE = 28**2
SPEC = FamilySpec("qwen2_vl", 14, 2, ModelLimits(4 * SIDE, 256 * SIDE), ModelLimits(4 * SIDE, 1280 * SIDE))
CONFIG = EngineConfig("some/model", power="auto", wanted_fps=2.0)


def took(vision_s: float, append_s: float) -> PairSeconds:
    return PairSeconds(vision_s, append_s, tokens=234)


def test_full_power_is_kept_where_it_holds_what_is_wanted() -> None:
    mode, spec = choose(
        took(0.3, 0.2), SPEC, CONFIG, 16
    )  # 0.3 + 15/8 * 0.2 for two frames, in three quarters of the time
    assert (mode.low, mode.name, spec) == (False, "full", SPEC)
    assert mode.full_fps == pytest.approx(2 * 0.75 / (0.3 + 15 / 8 * 0.2))
    assert mode.held_fps == mode.full_fps


def test_one_window_alone_is_tried_before_pixels_are_taken_away() -> None:
    mode, spec = choose(took(0.3, 0.3), SPEC, CONFIG, 16)
    assert (mode.low, mode.name, spec.frame) == (True, "low", SPEC.frame)
    assert mode.full_fps is not None
    assert mode.full_fps < 2
    assert mode.held_fps == pytest.approx(2 * 0.75 / 0.6)
    assert not mode.fewer_pixels


@pytest.mark.parametrize(("pair_s", "tokens"), [(0.7, 256), (1.3, 128), (2.6, 64), (30.0, 64)])
def test_as_many_pixels_are_left_as_the_machine_keeps_up_with(pair_s: float, tokens: int) -> None:
    mode, spec = choose(took(pair_s / 2, pair_s / 2), SPEC, CONFIG, 16)
    assert mode.low
    assert mode.fewer_pixels == (tokens < 256)
    assert spec.frame == ModelLimits(4 * SIDE, tokens * SIDE)
    assert spec.still == SPEC.still
    assert mode.held_fps == pytest.approx(2 * 0.75 / (pair_s * min(tokens, 234) / 234))
    fit = spec.fit_frame(640, 480)
    assert SPEC.num_tokens(fit.width, fit.height) <= tokens


def test_more_cameras_want_more() -> None:
    fast = took(0.1, 0.1)
    assert not choose(fast, SPEC, CONFIG, 16)[0].low
    assert choose(fast, SPEC, EngineConfig("some/model", power="auto", wanted_fps=8.0), 16)[0].low


def test_pixels_that_the_config_names_and_trained_grids_are_left_alone() -> None:
    slow = took(20.0, 5.0)
    named = EngineConfig("some/model", power="auto", max_pixels=200 * SIDE)
    mode, spec = choose(slow, SPEC, named, 16)
    assert (mode.low, mode.fewer_pixels, spec) == (True, False, SPEC)
    assert mode.held_fps == pytest.approx(1.5 / 25)
    grids = FamilySpec("qwen2_vl", 14, 2, SPEC.frame, SPEC.still, grids=((8, 8),))
    assert smaller_frames(grids, CONFIG, LEAST_TOKENS) is grids


@given(st.integers(1, 400), st.integers(0, 400), st.sampled_from(FEWER_TOKENS))
def test_frames_stay_within_the_models_own_limits(low: int, more: int, tokens: int) -> None:
    spec = FamilySpec("qwen2_vl", 14, 2, ModelLimits(low * SIDE, (low + more) * SIDE), SPEC.still)
    found = smaller_frames(spec, CONFIG, tokens).frame
    assert found.min_pixels == spec.frame.min_pixels
    assert spec.frame.min_pixels <= found.max_pixels <= spec.frame.max_pixels
    assert found.max_pixels <= max(tokens * SIDE, spec.frame.min_pixels)
    again = smaller_frames(smaller_frames(spec, CONFIG, tokens), CONFIG, tokens)
    assert again.frame == found


@given(st.integers(2, 64), st.integers(1, 300))
def test_in_low_power_there_is_one_window_at_any_moment_and_it_is_as_long_as_any(max_pairs: int, seen: int) -> None:
    anchors = anchors_of(True, max_pairs)
    assert len(anchors.live(seen)) == 1
    assert anchors.max_pairs == Anchors.within(max_pairs).max_pairs == max_pairs - 1
    assert 1 <= seen - anchors.start(seen) <= anchors.max_pairs
    assert anchors.windows_of_a_pair == 1


@given(st.integers(2, 64))
def test_to_how_many_windows_a_pair_is_appended(max_pairs: int) -> None:
    anchors = Anchors.within(max_pairs)
    after = range(5 * anchors.max_pairs, 5 * anchors.max_pairs + anchors.hop)
    counted = sum(len(anchors.live(seen)) for seen in after) / anchors.hop
    assert anchors.windows_of_a_pair == pytest.approx(counted)
