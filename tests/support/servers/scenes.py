"""What the test cameras show. A scene is named by a line, so that a server in its own process can be told of it:

clock:WIDTHxHEIGHT       the wall clock, readable from the pixels (clock.py), and a moving square
script:SEED:PATH         objects that come and go at known times (scripted.py) once the file says when it begins,
                         in seconds since the epoch; nothing is there before
source:URI               whatever askcam opens under that URI, for example source:synthetic:7
call:MODULE:FUNCTION     FUNCTION(wall) gives (height, width, 3) uint8 RGB at `wall`, seconds since the epoch

Run as a program, it writes the scene's raw RGB frames to stdout, for servers that cannot import this.
"""

import argparse
import importlib
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from support.servers import clock

Scene = Callable[[float], clock.Pixels]  # wall clock -> (height, width, 3) uint8 RGB


def open_scene(line: str) -> Scene:
    """The scene that `line` names."""
    kind, _, rest = line.partition(":")
    if kind == "clock":
        width, height = map(int, rest.split("x"))
        return clock_scene(width, height)
    if kind == "call":
        module, _, function = rest.partition(":")
        scene: Scene = getattr(importlib.import_module(module), function)
        return scene
    if kind == "script":
        seed, _, path = rest.partition(":")
        return scripted_scene(int(seed), Path(path))
    if kind == "source":
        return source_scene(rest)
    raise SystemExit(f"unknown scene {line!r}:\n{__doc__}")


def clock_scene(width: int, height: int) -> Scene:
    """The wall clock over a backdrop on which a bright square wanders."""
    backdrop = clock.backdrop(width, height)
    side = height // 4

    def at(wall: float) -> clock.Pixels:
        gray = backdrop.copy()
        x = int(wall * 175) % (width - side)
        gray[height // 3 : height // 3 + side, x : x + side] = 220
        clock.draw(gray, wall)
        return np.repeat(gray[:, :, None], 3, axis=2)

    return at


def source_scene(uri: str) -> Scene:
    """The newest picture of an askcam source, read whenever one is asked for."""
    from askcam.stream.sources.registry import resolve

    source = resolve(uri).make()
    source.open()

    def at(wall: float) -> clock.Pixels:
        picture = source.read(True)
        assert picture is not None, f"{uri} has ended"
        return picture.rgb()

    return at


def scripted_scene(seed: int, begun: Path) -> Scene:
    """As of scripted.py, from when the file says."""
    from support.scripted import Script

    script = Script(seed, math.inf)

    def at(wall: float) -> clock.Pixels:
        nonlocal script
        if script.begin == math.inf and begun.exists():
            script = Script(seed, float(begun.read_text()))
        return script.at(wall)

    return at


def play(scene: Scene, fps: float) -> Iterator[tuple[float, clock.Pixels]]:
    """(wall clock, picture) for ever, in real time; pictures that were missed are left out."""
    start, number = time.time(), 0
    while True:
        wall = time.time()
        yield wall, scene(wall)
        number = max(number + 1, int((time.time() - start) * fps))
        time.sleep(max(0.0, start + number / fps - time.time()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scene")
    parser.add_argument("--fps", type=float, default=25)
    args = parser.parse_args()
    scene = open_scene(args.scene)
    height, width, _ = scene(time.time()).shape
    out = sys.stdout.buffer
    try:
        out.write(f"{width}x{height}\n".encode())
        for _, picture in play(scene, args.fps):
            out.write(picture.tobytes())
            out.flush()
    except BrokenPipeError:
        sys.stderr.close()  # the server is gone; say nothing


if __name__ == "__main__":
    main()
