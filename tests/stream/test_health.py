import cv2
import numpy as np
import pytest

from askcam.stream.frame import Pixels
from askcam.stream.health import FROZEN_S, Health, HealthMonitor, blurred, dark, gray, overexposed


def scene(seed: int = 0) -> Pixels:
    """A room of a kind: a slope of light, edges, and the sensor's noise."""
    rng = np.random.default_rng(seed)
    picture = np.linspace(60, 190, 640)[None, :, None] * np.ones((480, 1, 3))
    for _ in range(25):
        x, y, w, h = rng.integers(0, 560), rng.integers(0, 420), rng.integers(20, 160), rng.integers(20, 120)
        picture[y : y + h, x : x + w] = rng.integers(20, 230, 3)
    return np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def blur(picture: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def test_a_sound_picture_has_nothing_wrong() -> None:
    luma = gray(scene())
    assert not any(wrong(luma) for wrong in (dark, overexposed, blurred))


@pytest.mark.parametrize("seed", range(5))
def test_out_of_focus_is_blurred_and_in_focus_is_not(seed: int) -> None:
    assert not blurred(gray(scene(seed)))
    assert not blurred(gray(blur(scene(seed), 1)))
    assert blurred(gray(blur(scene(seed), 8)))


def test_a_bare_wall_is_not_called_blurred() -> None:
    assert not blurred(gray(np.full((480, 640, 3), 128, np.uint8)))


def test_a_capped_lens_is_dark_and_a_night_with_a_lamp_is_not() -> None:
    night = np.random.default_rng(1).integers(0, 12, (480, 640, 3)).astype(np.uint8)
    assert dark(gray(night))
    night[100:200, 100:200] = 180
    assert not dark(gray(night))


def test_a_burnt_out_picture_is_overexposed_and_a_product_on_white_paper_is_not() -> None:
    white = np.full((480, 640, 3), 255, np.uint8)
    assert overexposed(gray(white))
    white[120:400, 150:500] = 120
    assert not overexposed(gray(white))


def test_measures_do_not_depend_on_the_cameras_resolution() -> None:
    large = np.asarray(cv2.resize(scene(), (1920, 1440), interpolation=cv2.INTER_CUBIC), np.uint8)
    assert gray(large).shape == gray(scene()).shape
    assert not blurred(gray(large))


def test_frozen_needs_the_very_same_picture_for_some_seconds() -> None:
    monitor, luma = HealthMonitor(), gray(scene())
    flags = [monitor.see(luma, t / 2) for t in range(20)]
    assert [Health.FROZEN in each for each in flags] == [t / 2 >= FROZEN_S for t in range(20)]
    assert monitor.see(gray(scene(2)), 10.0) == ()


def test_a_still_scene_with_a_sensors_noise_is_not_frozen() -> None:
    monitor, rng = HealthMonitor(), np.random.default_rng(0)
    luma = gray(scene()).astype(int)
    for t in range(40):
        noisy = np.clip(luma + rng.integers(-1, 2, luma.shape), 0, 255).astype(np.uint8)
        assert monitor.see(noisy, t / 2) == ()


def test_a_flag_is_raised_and_taken_back_only_after_three_samples() -> None:
    monitor, sound, black = HealthMonitor(), gray(scene()), np.zeros((240, 320), np.uint8)
    shown = [black, black, sound, black, black, black, sound, sound, sound]
    flags = [Health.DARK in monitor.see(luma, t / 2) for t, luma in enumerate(shown)]
    assert flags == [False, False, False, False, False, True, True, True, False]
    assert monitor.flags == ()
