"""Pixel limits of attached pictures, apart from those of frames."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from askcam.engine.families.known import qwen2_vl
from askcam.engine.families.spec import Facts, ModelLimits
from askcam.stream.fit import Fit

CONFIG = {"vision_config": {"patch_size": 14, "spatial_merge_size": 2}}
OWN = ModelLimits(56 * 56, 16384 * 28 * 28)


def size(width: int, height: int, **limits: int) -> tuple[int, int]:
    fit = qwen2_vl(Facts(CONFIG, OWN, OWN, **limits)).fit_still(width, height)
    return fit.width, fit.height


def test_a_users_limits_are_kept() -> None:
    assert size(1000, 1000) == (980, 980)
    width, height = size(1000, 1000, still_max_pixels=100_000)
    assert width * height <= 100_000
    width, height = size(100, 100, still_min_pixels=400_000)
    assert width * height >= 400_000
    assert size(2000, 2000, still_max_pixels=3_000_000) == (1708, 1708), "more than the model is given by default"


def test_frames_have_their_own() -> None:
    assert size(1000, 1000, max_pixels=50_000, min_pixels=1000) == (980, 980)


def test_limits_that_no_picture_can_keep_are_refused() -> None:
    with pytest.raises(ValueError, match="max_pixels 100"):
        size(100, 100, still_max_pixels=100)


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.sampled_from([(), ((8, 8), (6, 9), (6, 10)), ((4, 4),)]),
    st.sampled_from([{}, {"still_max_pixels": 50_176}, {"still_min_pixels": 200_704, "still_max_pixels": 401_408}]),
)
def test_a_picture_that_was_fitted_is_fitted_already(
    width: int, height: int, grids: tuple[Any, ...], limits: dict[str, int]
) -> None:
    assume(max(width, height) < 200 * min(width, height))
    found = qwen2_vl(Facts(CONFIG, OWN, OWN, grids=grids, **limits))
    fit = found.fit_still(width, height)
    if fit.width * fit.height > limits.get("still_max_pixels", fit.width * fit.height):  # as Qwen's own processor does
        assert min(fit.width, fit.height) == 28, "only a strip that cannot be narrower is larger than it may be"
        return
    assert found.fit_still(fit.width, fit.height) == Fit.stretch(fit.width, fit.height, fit.width, fit.height)
