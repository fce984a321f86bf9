"""Draws a scene at a moment. Everything that stands still is drawn once, so a frame costs one small blend."""

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from askcam.demo.drawings import sprite
from askcam.demo.objects import HERE
from askcam.demo.scene import HEIGHT, WIDTH, Room, Scene, Sign, Traveller
from askcam.stream.frame import Pixels

Picture = npt.NDArray[np.float32]  # (height, width, 3) RGB, 0..255
Layer = npt.NDArray[np.float32]  # (height, width, 4) RGB 0..255 premultiplied by the last, 0..1
MARGIN = 2  # empty pixels around a layer, so that a sub-pixel shift never cuts it
FLOOR_EDGE = 1.5  # pixels over which wall becomes floor
LETTERS = 200  # font size at which a sign is drawn before it is shrunk


def wall(room: Room) -> Picture:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = 1 + room.light[0] * (x / WIDTH - 0.5) + room.light[1] * (y / HEIGHT - 0.5)
    floor = 0.5 + 0.5 * np.tanh((y - room.floor_y) / FLOOR_EDGE)
    light *= 1 + (room.floor_shade - 1) * floor
    rgb = np.asarray(room.rgb, np.float32)
    return np.asarray(light[..., None] * rgb, np.float32)


def scaled(rgba: npt.NDArray[np.uint8], width: int, height: int) -> Layer:
    """A drawing at its final size, premultiplied, with an empty margin."""
    layer = rgba.astype(np.float32)
    layer[..., 3] /= 255
    layer[..., :3] *= layer[..., 3:]
    how = cv2.INTER_CUBIC if width > rgba.shape[1] else cv2.INTER_AREA
    layer = np.asarray(cv2.resize(layer, (width, height), interpolation=how), np.float32)
    layer[..., 3] = layer[..., 3].clip(0, 1)  # cubic interpolation overshoots
    layer[..., :3] = np.minimum(layer[..., :3].clip(0), 255 * layer[..., 3:])
    return np.pad(layer, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)))


def _drawing(traveller: Traveller) -> Layer:
    side = round(2 * traveller.half)
    return scaled(sprite(traveller.style, traveller.drawn.index), side, side)


def _card(sign: Sign) -> Layer:
    font = ImageFont.truetype(str(HERE / "fonts" / sign.font), LETTERS)
    left, top, right, bottom = font.getbbox(sign.text)
    pad = 0.4 * (bottom - top)
    width, height = right - left + 2.4 * pad, bottom - top + 2 * pad
    scale = min(2 * sign.half_height / (bottom - top), sign.max_width / width)
    paper, ink = ((32, 34, 40), (245, 245, 240)) if sign.dark else ((250, 250, 246), (28, 28, 32))
    image = Image.new("RGBA", (round(width), round(height)), (*paper, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, image.width - 1, image.height - 1), radius=0.25 * height, fill=(*paper, 255))
    draw.text((1.2 * pad - left, pad - top), sign.text, font=font, fill=(*ink, 255))
    return scaled(np.asarray(image), round(width * scale), round(height * scale))


def placed(layer: Layer, center: tuple[float, float]) -> tuple[Layer, slice, slice]:
    """The layer, shifted by the fraction of a pixel that puts its middle at `center`; its rows and its columns."""
    height, width = layer.shape[:2]
    left, top = center[0] - width / 2, center[1] - height / 2
    x, y = int(np.floor(left)), int(np.floor(top))
    shift = np.array([[1, 0, left - x], [0, 1, top - y]], np.float32)
    moved = np.asarray(cv2.warpAffine(layer, shift, (width, height), flags=cv2.INTER_LINEAR), np.float32)
    return moved, slice(y, y + height), slice(x, x + width)


class Renderer:
    """Draws one scene. Immutable once made: any thread may call at(). `still` is the picture without the traveller."""

    def __init__(self, scene: Scene) -> None:
        self._path = scene.traveller.path
        self._drawing = _drawing(scene.traveller)
        still = wall(scene.room)
        card, rows, columns = placed(_card(scene.sign), scene.sign.center)
        still[rows, columns] = still[rows, columns] * (1 - card[..., 3:]) + card[..., :3]
        self.still: Pixels = np.rint(still).clip(0, 255).astype(np.uint8)
        self.still.setflags(write=False)

    def at(self, t: float) -> Pixels:
        """The picture at time `t` (seconds since the epoch): a new (480, 640, 3) uint8 RGB array."""
        frame = self.still.copy()
        drawing, rows, columns = placed(self._drawing, self._path.at(t))
        part = frame[rows, columns] * (1 - drawing[..., 3:]) + drawing[..., :3]
        frame[rows, columns] = np.rint(part).clip(0, 255).astype(np.uint8)
        return frame
