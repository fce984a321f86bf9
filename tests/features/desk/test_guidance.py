"""What would help a code to be read: on drawn labels, and as a rule over measurements."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from support.servers.desk_scene import Luma, label, lay

from askcam.features.desk.guidance import SAID, Hint, Measured, advise, measure
from askcam.features.desk.locate import Region
from askcam.stream.health import Health

GOOD = Measured(module_px=2.0, washed=0.0, blur_px=0.5, shape=0.7, moving=False)


@pytest.mark.parametrize(
    ("measured", "health", "hints"),
    [
        (GOOD, (), ()),
        (None, (), ()),
        (None, (Health.DARK,), (Hint.LIGHT,)),
        (replace(GOOD, module_px=0.9), (), (Hint.CLOSER,)),
        (replace(GOOD, washed=0.3), (), (Hint.GLARE,)),
        (GOOD, (Health.OVEREXPOSED,), (Hint.GLARE,)),
        (replace(GOOD, shape=1.6), (), (Hint.TURN,)),
        (replace(GOOD, shape=0.1), (), (Hint.TURN,)),
        (replace(GOOD, blur_px=2.5), (), (Hint.FOCUS,)),
        (replace(GOOD, blur_px=2.5, moving=True), (), (Hint.HOLD,)),
        (replace(GOOD, moving=True), (), (Hint.HOLD,)),
        (replace(GOOD, washed=0.3, module_px=0.9), (), (Hint.GLARE, Hint.CLOSER)),
    ],
)
def test_what_helps_most_is_said_first(
    measured: Measured | None, health: tuple[Health, ...], hints: tuple[Hint, ...]
) -> None:
    assert advise(measured, health) == hints


def test_every_hint_has_words() -> None:
    assert set(SAID) == set(Hint)


def seen(module: float, blur: float = 0.0, glare: bool = False) -> Luma:
    out = lay(np.full((540, 960), 150, np.uint8), label("4006381333931"), module, 0, 0, (480.0, 270.0)) * 0.8
    if glare:
        cv2.circle(out, (480, 260), round(25 * module), (255.0,), -1)
    if blur:
        out = cv2.GaussianBlur(out, (0, 0), blur)
    return out.clip(0, 255).astype(np.uint8)


def looked_at(picture: Luma, module: float) -> tuple[Hint, ...]:
    return advise(measure(picture, Region((480.0, 265.0), 95 * module, 55 * module, 0.0), False), ())


def test_a_small_code_is_wanted_closer() -> None:
    assert looked_at(seen(0.9), 0.9) == (Hint.CLOSER,)


def test_a_code_out_of_focus_wants_focus() -> None:
    assert looked_at(seen(2.0, blur=3.0), 2.0) == (Hint.FOCUS,)


def test_light_on_a_code_is_glare() -> None:
    assert looked_at(seen(2.5, glare=True), 2.5) == (Hint.GLARE,)


def test_a_sharp_code_needs_nothing() -> None:
    assert looked_at(seen(2.5), 2.5) == ()
