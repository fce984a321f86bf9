"""Pictures of one product on a plain table, as the built-in model was trained to see them."""

import base64

import cv2
import numpy as np

from askcam.demo.drawings import sprite
from askcam.demo.objects import drawn_objects
from askcam.stream.frame import Pixels


def product(name: str, width: int = 448, height: int = 448, side: int = 200, paper: int = 205) -> Pixels:
    """(height, width, 3) RGB with the drawing of `name`, an English name of objects.txt, in the middle."""
    index = next(one.index for one in drawn_objects() if one.en == name)
    drawing = cv2.resize(sprite("noto", index).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    drawing = drawing.clip(0, 255)
    picture = np.full((height, width, 3), paper, np.float32)
    top, left = (height - side) // 2, (width - side) // 2
    share = drawing[..., 3:] / 255
    spot = picture[top : top + side, left : left + side]
    spot[:] = spot * (1 - share) + drawing[..., :3] * share
    return np.rint(picture).astype(np.uint8)


def data_url(pixels: Pixels) -> str:
    """A PNG of RGB pixels as a data URL."""
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    assert done
    return f"data:image/png;base64,{base64.b64encode(data.tobytes()).decode()}"
