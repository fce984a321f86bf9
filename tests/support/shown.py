"""A camera before which something is, or isn't, as a test wants it: `call:support.shown:at` shows the fire engine of
synthetic:3 while the file named by ASKCAM_TEST_SHOWN is there, and next to nothing while it holds the word "dark"."""

import os
from functools import cache
from pathlib import Path

import numpy as np

from askcam.demo.render import Renderer
from askcam.demo.scene import make_scene
from askcam.stream.frame import Pixels

SEED = 3
SCENE = "call:support.shown:at"
FILE = "ASKCAM_TEST_SHOWN"
THING = make_scene(SEED).traveller.drawn
QUESTION = f"Is there {THING.a}? Answer yes or no."
CHINESE = f"有{THING.zh}吗？"


@cache
def renderer() -> Renderer:
    return Renderer(make_scene(SEED))


def at(wall: float) -> Pixels:
    """The picture at `wall`, seconds since the epoch. Its light flickers a little, or it would count as frozen."""
    file = Path(os.environ[FILE])
    picture = renderer().at(wall) if file.exists() else renderer().still
    if file.exists() and file.read_text() == "dark":
        picture = picture // 32
    return np.minimum(picture, 240) + np.uint8(4 * (int(wall * 10) % 3))
