"""Which model to take, and what helps one that is too slow: kinds of machines."""

from dataclasses import replace

import pytest

from askcam.engine.catalogue.advice import MeasuredModel, helps, here, recommended
from askcam.engine.catalogue.catalogue import BUILT_IN, catalogue
from askcam.engine.catalogue.estimate import CAMERA_FPS, HostMachine

MODELS = [each for each in catalogue().values() if each.supported]
LAPTOP = HostMachine("a laptop", "cpu", "float32", 4, 14_000_000_000, 100e9, 10e9)
GPU = HostMachine("a GPU", "cuda", "bfloat16", 2, 23_000_000_000, 100e12, 800e9)
PIXELS = 416 * 576


def test_on_a_gpu_the_largest_that_keeps_up_is_taken() -> None:
    best = recommended(here(each, GPU, None) for each in MODELS)
    assert best is not None
    assert best.cameras >= 1
    assert best.model.licence == "Apache-2.0"
    larger = [here(each, GPU, None) for each in MODELS if each.parameters > best.model.parameters]
    assert all(not each.cameras or each.first_word_s > 2 or each.model.licence != "Apache-2.0" for each in larger)


def test_on_a_laptop_the_quickest_is_named_though_it_does_not_keep_up() -> None:
    best = recommended(here(each, LAPTOP, None) for each in MODELS)
    assert best is not None
    assert best.cameras == 0
    assert best.model.name.endswith(("2b", "0.8b"))
    assert 0 < best.fps < CAMERA_FPS


def test_where_nothing_fits_nothing_is_recommended() -> None:
    assert recommended(here(each, replace(LAPTOP, free_bytes=500_000_000), None) for each in MODELS) is None


def test_what_was_measured_goes_before_what_is_calculated() -> None:
    model = catalogue()["qwen3-vl:2b"]
    found = here(model, GPU, MeasuredModel(3.0, 4.0, PIXELS))
    assert (found.measured, found.frame_s, found.first_word_s, found.cameras) == (True, 3.0, 4.0, 0)
    assert here(model, GPU, MeasuredModel(None, 4.0, PIXELS)).measured is False


def test_a_smaller_model_is_named_where_it_is_twice_as_quick() -> None:
    slow = catalogue()["qwen3-vl:8b"]
    found = helps(slow, MODELS, GPU, MeasuredModel(0.8, 1.0, PIXELS), quick_bfloat16=False)
    assert found.smaller is not None
    assert found.smaller.model.parameters < slow.parameters
    assert found.smaller.fps > 2 * found.fps
    assert found.bfloat16 is False
    assert found.fps == pytest.approx(0.75 / 0.8)
    assert found.max_pixels is not None
    assert found.max_pixels < PIXELS / 2


def test_fewer_pixels_are_named_by_what_all_cameras_want() -> None:
    measured = MeasuredModel(0.3, 1.0, PIXELS)  # 2.5 frames a second
    one = helps(None, MODELS, GPU, measured, quick_bfloat16=False)
    several = helps(None, MODELS, GPU, measured, quick_bfloat16=False, wanted_fps=10.0)
    assert one.max_pixels is None
    assert several.max_pixels == int(PIXELS / 4)


def test_the_smallest_has_no_smaller_one() -> None:
    smallest = min((each for each in MODELS if each.name != BUILT_IN), key=lambda each: each.parameters)
    assert helps(smallest, MODELS, LAPTOP, MeasuredModel(3.0, None, PIXELS), quick_bfloat16=False).smaller is None


@pytest.mark.parametrize(
    ("dtype", "quick", "said"), [("float32", True, True), ("float32", False, False), ("bfloat16", True, False)]
)
def test_bfloat16_is_named_where_it_is_quick_here(dtype: str, quick: bool, said: bool) -> None:
    machine = replace(LAPTOP, dtype=dtype)
    assert helps(None, MODELS, machine, MeasuredModel(3.0, None, PIXELS), quick).bfloat16 is said


def test_so_few_pixels_that_nothing_is_seen_are_no_help() -> None:
    found = helps(None, MODELS, LAPTOP, MeasuredModel(30.0, None, PIXELS), quick_bfloat16=True)
    assert found.max_pixels is None
    assert found.smaller is None  # of a model that is not in the catalogue nothing is known
