"""Draws a scene at a moment. Everything that stands still is drawn once, so a frame costs one small blend."""

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from askcam.demo.objects import HERE
from askcam.demo.scene import HEIGHT, WIDTH, Backdrop, Scene, Sign, Thing
from askcam.demo.sprites import sprite
from askcam.stream.frame import Pixels

Layer = npt.NDArray[np.float32]  # (height, width, 3 or 4): RGB in 0..255, or RGB premultiplied by a fourth, 0..1
MARGIN = 2  # empty pixels around a drawing, so that a sub-pixel shift never cuts it


def _backdrop(backdrop: Backdrop) -> Layer:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = 1 + backdrop.light[0] * (x / WIDTH - 0.5) + backdrop.light[1] * (y / HEIGHT - 0.5)
    wall: Layer = np.float32(backdrop.rgb) * light[..., None]
    return wall


def _drawing(thing: Thing) -> Layer:
    """The sprite at its size, premultiplied, with an empty margin."""
    rgba = sprite(thing.style, thing.drawn.index).astype(np.float32)
    rgba[..., 3] /= 255
    rgba[..., :3] *= rgba[..., 3:]
    side = round(2 * thing.half)
    shape = cv2.INTER_CUBIC if side > rgba.shape[0] else cv2.INTER_AREA
    scaled = np.asarray(cv2.resize(rgba, (side, side), interpolation=shape), np.float32)
    scaled[..., 3] = scaled[..., 3].clip(0, 1)
    scaled[..., :3] = np.minimum(scaled[..., :3].clip(0), 255 * scaled[..., 3:])
    return np.pad(scaled, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)))


def _card(sign: Sign) -> Layer:
    """The sign's card with its word, premultiplied, drawn at four times its size and shrunk."""
    font = ImageFont.truetype(str(HERE / "fonts" / sign.font), 200)
    left, top, right, bottom = font.getbbox(sign.text)
    pad = 0.4 * (bottom - top)
    scale = min(2 * sign.half_height / (bottom - top), sign.max_width / (right - left + 2.4 * pad))
    size = (round(right - left + 2.4 * pad), round(bottom - top + 2 * pad))
    paper, ink = ((32, 34, 40), (245, 245, 240)) if sign.dark else ((250, 250, 246), (28, 28, 32))
    image = Image.new("RGBA", size, (*paper, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=0.25 * size[1], fill=(*paper, 255))
    draw.text((1.2 * pad - left, pad - top), sign.text, font=font, fill=(*ink, 255))
    rgba = np.asarray(image, np.float32)
    alpha = rgba[..., 3:] / 255
    rgba = np.concatenate([rgba[..., :3] * alpha, alpha], axis=2)
    target = (round(size[0] * scale), round(size[1] * scale))
    small = np.asarray(cv2.resize(rgba, target, interpolation=cv2.INTER_AREA), np.float32)
    return np.pad(small, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)))


def _blend(canvas: npt.NDArray[np.generic], layer: Layer, center: tuple[float, float]) -> None:
    """Lay `layer` over `canvas` (in place) with its middle at `center`, to a fraction of a pixel. Must lie inside."""
    height, width = layer.shape[:2]
    left, top = center[0] - width / 2, center[1] - height / 2
    x, y = int(np.floor(left)), int(np.floor(top))
    shift = np.array([[1, 0, left - x], [0, 1, top - y]], np.float32)
    moved = cv2.warpAffine(layer, shift, (width, height), flags=cv2.INTER_LINEAR)
    part = canvas[y : y + height, x : x + width]
    part[...] = np.rint(part * (1 - moved[..., 3:]) + moved[..., :3]).astype(canvas.dtype)


class Renderer:
    """Draws one scene. Immutable once made: any thread may call at()."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        still = _backdrop(scene.backdrop)
        _blend(still, _drawing(scene.standing), scene.place)
        _blend(still, _card(scene.sign), scene.sign.center)
        self._still: Pixels = np.rint(still).clip(0, 255).astype(np.uint8)
        self._traveller = _drawing(scene.traveller)

    def at(self, t: float) -> Pixels:
        """The picture at time `t` (seconds since the epoch): a new (480, 640, 3) uint8 RGB array."""
        frame = self._still.copy()
        _blend(frame, self._traveller, self.scene.path.at(t))
        return frame
