"""Goods with an EAN-13 before a camera: drawn for test cameras, and as bursts of frames for measuring readers.

As a scene: "call:support.servers.desk_scene:apple" shows an apple beside its label, both held in a
hand that is never still.
"""

import math
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from askcam.demo.drawings import SIDE, sprite
from askcam.demo.objects import drawn_objects
from askcam.stream.frame import Pixels

APPLE_CODE = "4006381333931"
OTHER_CODE = "5901234123457"
WIDTH, HEIGHT = 1280, 720
FINE = 8  # pixels per module of a drawn label, before it is made smaller
Luma = npt.NDArray[np.uint8]


@cache
def label(digits: str, qr: bool = False) -> Luma:
    """A white card with a code on it, FINE pixels per module."""
    kind = zxingcpp.BarcodeFormat.QRCode if qr else zxingcpp.BarcodeFormat.EAN13
    code = np.array(zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(digits, kind), scale=FINE))
    return np.pad(code, 20, constant_values=250)


def lay(
    picture: Luma, card: Luma, module: float, angle: float, yaw: float, center: tuple[float, float]
) -> npt.NDArray[np.float32]:
    """`picture` with a card on it as a lens and a sensor see it: `module` pixels per bar, turned in the picture by
    `angle` and out of it by `yaw` degrees. Every pixel is the mean of what falls on it."""
    height, width = card.shape
    halves = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2) * (module / FINE)
    far, lens = 900.0, math.radians(yaw)
    x, y, z = halves[:, 0] * math.cos(lens), halves[:, 1], far + halves[:, 0] * math.sin(lens)
    x, y = x * far / z, y * far / z
    turn = math.radians(angle)
    corners = np.stack([x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)], 1) + center
    low = np.maximum(np.floor(corners.min(0)).astype(int) - 4, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 4, picture.shape[::-1])
    finer = 3  # samples per pixel, both ways
    size = ((high - low) * finer).tolist()
    plain = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    bring = cv2.getPerspectiveTransform(plain, ((corners - low) * finer).astype(np.float32))
    soft = cv2.GaussianBlur(card, (0, 0), max(0.1, FINE / (module * finer) / 2))
    small = (int(high[0] - low[0]), int(high[1] - low[1]))
    ink = cv2.resize(cv2.warpPerspective(soft, bring, size), small, interpolation=cv2.INTER_AREA)
    over = cv2.resize(cv2.warpPerspective(np.full_like(card, 255), bring, size), small, interpolation=cv2.INTER_AREA)
    out = picture.astype(np.float32)
    part = out[low[1] : high[1], low[0] : high[0]]
    share = np.asarray(over, np.float32) / 255
    part[:] = part * (1 - share) + np.minimum(ink, over).astype(np.float32)
    return out


def burst(
    backdrop: Luma, digits: str, module: float, angle: float, yaw: float, blur: float, noise: float,
    rng: np.random.Generator, num_frames: int,
) -> Iterator[Luma]:  # fmt: skip
    """A label that a hand holds before a camera: it drifts and trembles, focus hunts a little, every frame has its own
    noise and motion blur, and goes through JPEG. `blur` and `noise` are standard deviations, in pixels and luma."""
    height, width = backdrop.shape
    at = np.array([width / 2, height / 2]) + rng.uniform(-1, 1, 2) * (100, 40)
    drift = rng.uniform(-3, 3, 2)
    for number in range(num_frames):
        where = at + drift * number + rng.normal(0, 1, 2)
        out = lay(
            backdrop,
            label(digits),
            module,
            angle + rng.normal(0, 0.5),
            yaw + rng.normal(0, 1),
            (float(where[0]), float(where[1])),
        )
        if blur > 0:
            out = cv2.GaussianBlur(out, (0, 0), blur * rng.uniform(0.85, 1.15))
        length = round(abs(rng.normal(0, 1.2)))
        if length >= 2:
            smear = np.zeros((length, length), np.float32)
            smear[length // 2] = 1
            turned = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), rng.uniform(0, 180), 1)
            smear = cv2.warpAffine(smear, turned, (length, length))
            out = cv2.filter2D(out, -1, smear / max(smear.sum(), 1e-6))
        seen = np.clip(out * 0.8 + 20 + rng.normal(0, noise, out.shape), 0, 255).astype(np.uint8)
        done, jpeg = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, 85])
        assert done
        yield np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)


def apple(wall: float) -> Pixels:
    """(720, 1280, 3) RGB: an apple on the left, and its label on the right."""
    return goods("apple", APPLE_CODE, wall)


def nothing(wall: float) -> Pixels:
    """The same desk without goods."""
    return _desk().copy()


def goods(name: str, digits: str, wall: float) -> Pixels:
    """One drawn object and its label at `wall`, seconds since the epoch."""
    out = _desk().copy()
    sway, dip = 6 * math.sin(wall * 1.3), 4 * math.sin(wall * 0.9)
    drawn = _object(name)
    side = drawn.shape[0]
    left, top = round(260 + sway), round(190 + dip)
    part = out[top : top + side, left : left + side].astype(np.float32)
    share = drawn[..., 3:].astype(np.float32) / 255
    out[top : top + side, left : left + side] = (part * (1 - share) + drawn[..., :3] * share).astype(np.uint8)
    for channel in range(3):
        gray = np.ascontiguousarray(out[..., channel])
        out[..., channel] = lay(gray, label(digits), 2.4, 4.0, 0.0, (930 + sway, 400 + dip)).clip(0, 255)
    return out


@cache
def _desk() -> Pixels:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = (1 + 0.1 * (x / WIDTH - 0.5)) * np.where(y > 0.75 * HEIGHT, 0.9, 1.0)
    return np.asarray((light[..., None] * np.array([200.0, 205.0, 212.0])).clip(0, 255), np.uint8)


@cache
def _object(name: str) -> npt.NDArray[np.uint8]:
    index = next(each.index for each in drawn_objects() if each.en == name)
    return np.asarray(cv2.resize(sprite("fluent-3d", index), (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_CUBIC))


def for_a_while(wall: float) -> Pixels:
    """Goods that come and go every ten seconds."""
    return apple(wall) if wall % 20 < 10 else nothing(wall)


def askew(wall: float) -> Pixels:
    """Goods whose code is seen from the side."""
    out = _desk().copy()
    for channel in range(3):
        gray = np.ascontiguousarray(out[..., channel])
        out[..., channel] = lay(gray, label(APPLE_CODE), 2.4, 4.0, 75.0, (640 + 6 * math.sin(wall * 1.3), 400)).clip(
            0, 255
        )
    return out


def two(wall: float) -> Pixels:
    """Two goods at once."""
    out = apple(wall)
    for channel in range(3):
        gray = np.ascontiguousarray(out[..., channel])
        out[..., channel] = lay(gray, label(OTHER_CODE), 2.4, 0.0, 0.0, (330, 560)).clip(0, 255)
    return out
