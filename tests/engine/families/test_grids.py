"""How pictures of any size become frames."""

import pytest
from transformers.models.qwen2_vl.video_processing_qwen2_vl import smart_resize as stock_smart_resize

from askcam.engine.families.grids import fit_to_grids, smart_resize
from askcam.engine.families.spec import Facts, FamilySpec, ModelLimits
from askcam.stream.fit import Fit

TRAINED = ((8, 8), (6, 9), (6, 10))
BUILTIN = FamilySpec("qwen2_vl", 14, 2, ModelLimits(28224, 50176), ModelLimits(28224, 50176), grids=TRAINED)


@pytest.mark.parametrize("width", [28, 97, 160, 352, 640, 1280, 1921, 3840])
@pytest.mark.parametrize("height", [28, 120, 288, 480, 721, 1080, 2160])
@pytest.mark.parametrize("limits", [(3136, 12845056), (100352, 602112), (28224, 50176)])
def test_smart_resize_is_the_processors_own(width: int, height: int, limits: tuple[int, int]) -> None:
    assert smart_resize(height, width, 28, *limits) == stock_smart_resize(height, width, 28, *limits)


@pytest.mark.parametrize(("width", "height"), [(10, 10), (4, 700), (1, 1), (27, 13)])
def test_a_picture_smaller_than_a_token_still_gets_one(width: int, height: int) -> None:
    new_height, new_width = smart_resize(height, width, 28, 3136, 50176)
    assert new_height % 28 == new_width % 28 == 0
    assert new_height * new_width >= 3136


@pytest.mark.parametrize(("width", "height"), [(0, 10), (10, 0), (201, 1), (1, 201)])
def test_an_absurd_shape_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match=f"{width}x{height} pixels cannot be read"):
        smart_resize(height, width, 28, 3136, 50176)


@pytest.mark.parametrize(
    ("source", "canvas", "content"),
    [
        ((640, 480), (252, 168), (252, 168)),
        ((2592, 1944), (252, 168), (252, 168)),
        ((1280, 720), (280, 168), (280, 168)),
        ((1920, 1080), (280, 168), (280, 168)),
        ((500, 500), (224, 224), (224, 224)),
        ((480, 640), (224, 224), (168, 224)),  # a phone held upright: whole, between two bars
        ((1080, 1920), (224, 224), (126, 224)),
        ((704, 576), (224, 224), (224, 183)),
        ((2560, 1080), (280, 168), (280, 118)),
        ((600, 400), (252, 168), (252, 168)),
        ((2000, 20), (280, 168), (280, 3)),
    ],
)
def test_the_built_in_model_sees_only_trained_grids(
    source: tuple[int, int], canvas: tuple[int, int], content: tuple[int, int]
) -> None:
    fit = BUILTIN.fit_frame(*source)
    assert fit == Fit(*canvas, (0, 0, *source), *content)
    assert (fit.height // 28, fit.width // 28) in TRAINED
    assert BUILTIN.num_tokens(fit.width, fit.height) in (54, 60, 64)


def test_a_fit_of_any_shape_lands_on_a_trained_grid_and_hides_nothing() -> None:
    for width in range(40, 2000, 130):
        for height in range(40, 2000, 130):
            fit = fit_to_grids(width, height, 28, TRAINED)
            assert (fit.height // 28, fit.width // 28) in TRAINED
            assert not fit.cropped(width, height)
            bent = (fit.content_width / fit.content_height) / (width / height)
            assert 1 / 1.15 < bent < 1.15  # 1.13, and the rounding to whole pixels


def test_the_users_limits_come_first_then_the_models_within_a_live_windows_means() -> None:
    config = {"vision_config": {}}
    own = ModelLimits(3136, 12845056)
    assert Facts(config, own, own).frame_limits(28, own) == ModelLimits(3136, 256 * 28 * 28)
    assert Facts(config, own, own).still_limits(28) == ModelLimits(3136, 1280 * 28 * 28)
    assert Facts(config, own, own, max_pixels=602112).frame_limits(28, own) == ModelLimits(3136, 602112)
    assert Facts(config, own, own, min_pixels=50000).frame_limits(28, own) == ModelLimits(50000, 256 * 28 * 28)
    with pytest.raises(ValueError, match="min_pixels 900000 and max_pixels 602112"):
        Facts(config, own, own, min_pixels=900000, max_pixels=602112).frame_limits(28, own)
