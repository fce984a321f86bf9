"""Codes in pictures: drawn labels, seen as a camera sees them (support/servers/desk_scene.py)."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from support.servers.desk_scene import FINE, Luma, burst, label, lay

from askcam.demo.synthetic import SyntheticScene
from askcam.features.desk import bars
from askcam.features.desk.catalogue import gtin
from askcam.features.desk.locate import Region, locate
from askcam.features.desk.reading import Burst, Code, CodeReading, Weighed, read

CODE = "4006381333931"


def backdrop() -> Luma:
    scene = cv2.cvtColor(SyntheticScene(7).at(10.0), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(scene, (960, 540)), np.uint8)


def numbers(seed: int) -> Iterator[str]:
    rng = np.random.default_rng(seed)
    while True:
        body = "".join(map(str, rng.integers(0, 10, 12)))
        yield body + gtin.check_digit(body)


def shown(digits: str, module: float, angle: float = 0.0, yaw: float = 0.0, qr: bool = False) -> Luma:
    return lay(backdrop(), label(digits, qr), module, angle, yaw, (480.0, 270.0)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("angle", [0.0, 45.0, 90.0, 180.0, 200.0])
def test_a_clear_code_is_read_however_it_is_turned(angle: float) -> None:
    (code,) = read(shown(CODE, 3.0, angle)).codes
    assert (code.text, code.format, code.retail) == (CODE, "EAN-13", CODE)
    x, y = (sum(corner[i] for corner in code.corners) / 4 for i in (0, 1))
    assert abs(x - 480) < 40
    assert abs(y - 270) < 40


def test_a_qr_code_is_read_and_is_no_number_of_goods() -> None:
    (code,) = read(shown("https://example.org/x", 3.0, qr=True)).codes
    assert (code.text, code.format, code.retail, code.sure) == ("https://example.org/x", "QR Code", None, True)


def test_a_picture_without_a_code_has_none_and_no_bars() -> None:
    for seed in range(5):
        scene = np.asarray(cv2.cvtColor(SyntheticScene(seed).at(3.0), cv2.COLOR_RGB2GRAY), np.uint8)
        reading = read(scene)
        assert reading.codes == ()
        assert reading.unread == ()


@pytest.mark.parametrize("angle", [0.0, 20.0, -35.0, 90.0])
@pytest.mark.parametrize("module", [1.0, 2.0])
def test_bars_are_located_where_they_are(module: float, angle: float) -> None:
    region = locate(shown(CODE, module, angle))[0]
    assert np.hypot(region.center[0] - 480, region.center[1] - 270) < 45
    assert abs((region.angle - angle + 90) % 180 - 90) < 4
    assert 0.7 * 95 * module < region.across < 1.6 * 95 * module


def test_bars_that_run_into_each_other_are_read_by_their_digits() -> None:
    """1.2 pixels a module and a blur of 0.8: zxing-cpp reads none of them."""
    rng, read_here = np.random.default_rng(3), 0
    for digits, _ in zip(numbers(3), range(8), strict=False):
        (frame,) = burst(backdrop(), digits, 1.2, 0, 0, 0.8, 2.0, rng, 1)
        texts = {code.text for code in read(frame).codes}
        read_here += texts == {digits}
    assert read_here >= 4


def test_the_frames_of_a_second_show_more_than_the_last_one() -> None:
    rng, single, together = np.random.default_rng(5), 0, 0
    for digits, _ in zip(numbers(5), range(12), strict=False):
        frames = list(burst(backdrop(), digits, 1.2, 10, 0, 0.8, 12.0, rng, 5))
        pictures, seen = Burst(), set()
        for number, frame in enumerate(frames):
            reading = read(frame)
            seen |= {code.text for code in pictures.add(reading, number / 5)}
        single += digits in {code.text for code in reading.codes}
        together += digits in seen
    assert together > single


def line_of(digits: str, module: float, blur: float) -> bars.Line:
    """The middle of a label, `module` samples per module, as one line."""
    row = label(digits)[100].astype(np.float32)
    soft = cv2.GaussianBlur(row[None], (0, 0), blur * FINE)[0]
    places = np.arange(0, len(soft) - 1, FINE / module)
    return np.interp(places, np.arange(len(soft)), soft).astype(np.float32)


@pytest.mark.parametrize(("blur", "least"), [(0.3, 20), (0.6, 18), (0.9, 13)])
def test_a_line_decides_for_its_number_or_for_none(blur: float, least: int) -> None:
    """`blur` in modules: at 0.6, thin bars are gray."""
    right = 0
    for digits, _ in zip(numbers(1), range(20), strict=False):
        evidence = bars.evidence(line_of(digits, 2.0, blur))
        assert evidence is not None
        found = bars.decide(evidence.cost)
        assert found is None or found[0] == digits
        right += found is not None
    assert right >= least


def test_a_line_read_backwards_or_of_noise_decides_nothing() -> None:
    rng = np.random.default_rng(0)
    for digits, _ in zip(numbers(2), range(5), strict=False):
        backwards = bars.evidence(line_of(digits, 2.0, 0.6)[::-1].copy())
        assert backwards is None or bars.decide(backwards.cost) is None
    for _ in range(20):
        evidence = bars.evidence(rng.normal(128, 60, 240).astype(np.float32))
        assert evidence is None or bars.decide(evidence.cost) is None


def test_tables_of_several_frames_decide_together_but_no_single_one_alone() -> None:
    rng = np.random.default_rng(4)
    right = np.full((12, 20), 6.0, np.float32)
    for place, digit in enumerate(CODE[1:]):
        right[place, int(digit) + (10 if place < 6 and bars.PARITIES[4][place] == "G" else 0)] = 0
    frames = [right + rng.normal(0, 1.0, right.shape).astype(np.float32) for _ in range(5)]
    assert all(bars.decide(frame) is None for frame in frames)
    assert (bars.together(frames) or ("", 0))[0] == CODE
    loud = np.zeros((12, 20), np.float32)
    loud[np.arange(12), [int(digit) for digit in "000000000000"]] = -100  # one frame that is very sure, and wrong
    assert bars.together([*(0.01 * frame for frame in frames), loud]) is None


def test_pictures_that_each_leave_it_open_decide_together_once_and_anew() -> None:
    rng = np.random.default_rng(4)
    right = np.full((12, 20), 6.0, np.float32)
    for place, digit in enumerate(CODE[1:]):
        right[place, int(digit) + (10 if place < 6 and bars.PARITIES[4][place] == "G" else 0)] = 0

    def picture(angle: float, x: float) -> CodeReading:
        cost = right + rng.normal(0, 1.0, right.shape).astype(np.float32)
        region = Region((x, 100.0), 95.0, 60.0, angle)
        return CodeReading((), (region,), (Weighed(region, angle % 360, bars.BarEvidence(cost, 0.1)),))

    pictures, found = Burst(), []
    for number in range(12):
        found.append([code.text for code in pictures.add(picture(0.0, 100.0 + number), number / 12)])
    assert found[0] == []
    assert [CODE] in found
    assert sum(texts == [CODE] for texts in found) <= 6  # each time by pictures of its own
    assert all(texts in ([], [CODE]) for texts in found)
    elsewhere = Burst()
    for number in range(12):  # never the same patch twice
        assert elsewhere.add(picture(60.0 * number, 300.0 * number), number / 12) == ()


def test_a_burst_forgets_what_is_older_than_its_span() -> None:
    code = Code(CODE, "EAN-13", ((0, 0), (1, 0), (1, 1), (0, 1)), False)
    pictures = Burst(1.0, max_readings=3)
    for at in range(10):
        assert pictures.add(CodeReading((code,)), float(at)) == (code,)
        assert len(pictures._held) <= 2
