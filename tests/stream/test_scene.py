"""A scene has changed when something came, went or moved, not when the light or the noise did."""

import numpy as np
import pytest

from askcam.demo.synthetic import SyntheticScene
from askcam.stream.frame import Pixels
from askcam.stream.scene import CHANGED, share_changed

SCENE = SyntheticScene(7)


def with_square(pixels: Pixels, side: int) -> Pixels:
    changed = pixels.copy()
    changed[100 : 100 + side, 300 : 300 + side] = 255 - changed[100 : 100 + side, 300 : 300 + side]
    return changed


def test_the_same_scene_with_noise_in_other_light_has_not_changed() -> None:
    before = SCENE.at(0.0)
    noise = np.random.default_rng(1).normal(0, 12, before.shape)
    now = (before.astype(float) * 0.97 + noise - 30).clip(0, 255).astype(np.uint8)
    assert share_changed(before, now) < CHANGED


@pytest.mark.parametrize(("side", "changed"), [(16, False), (120, True)])
def test_something_new_counts_from_a_size_on(side: int, changed: bool) -> None:
    before = SCENE.at(0.0)
    assert (share_changed(before, with_square(before, side)) >= CHANGED) is changed


def test_another_scene_is_a_change_of_much_of_the_picture() -> None:
    assert share_changed(SCENE.at(0.0), with_square(SCENE.at(0.0), 300)) > 5 * CHANGED


def test_a_picture_of_another_shape_is_another_scene() -> None:
    assert share_changed(SCENE.at(0.0), SCENE.at(0.0)[::2, ::2]) == 1.0
