"""What a zone gains: a sign far away, read in the whole picture and in a zone around it, by the built-in model.

    python benchmarks/zones.py [--scenes 200] [--model FOLDER-OR-HUB-ID]

Each scene is a yard of 1920x1080 pixels with a demo scene in a part of it: the sign is there to be read, in some 60
pixels, of which the whole picture's frame keeps a tenth. Both questions of a scene are put to the same engine one after
the other; frames are cut out, made smaller and put into windows by the product's own parts. The last line is JSON.
"""

import argparse
import json
import random
import sys
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.rehearsal import put, user

from askcam.demo.builtin import model_path
from askcam.demo.questions import DemoQuestion, QuestionKind
from askcam.demo.render import Renderer
from askcam.demo.scene import make_scene
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.stream.fit import FitRule
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.shot import Shot
from askcam.stream.sources.push import PushedPicture
from askcam.stream.window import View, Window
from askcam.stream.zone_fit import zone_rule
from askcam.stream.zones import Zone

WIDTH, HEIGHT = 1920, 1080  # of the camera
PART = (480, 360)  # of the scene in it
NUM_FRAMES, FPS = 4, 2.0


class Shown:
    """A WindowSource that shows one picture, as one rule makes frames of it."""

    def __init__(self, name: str, pixels: Pixels, rule: FitRule, engine: Engine) -> None:
        self.name = name
        window = Window(name, engine.anchors, FPS)
        begun = time.monotonic()
        for number in range(NUM_FRAMES):
            at = begun - (NUM_FRAMES - number) / FPS
            picture = PushedPicture(time.time() - begun + at, at, AgeBasis.CAPTURE, pixels)
            window.add(Shot(name, number + 1, picture, None).fitted(rule))
        view = window.view()
        assert view is not None
        self._view = view

    def look(self) -> View:
        return self._view


def yard(seed: int) -> tuple[Pixels, Zone]:
    """The picture, and the zone in which the scene is."""
    rng = random.Random(f"askcam zones {seed}")
    still = Renderer(make_scene(seed)).still
    wall = np.asarray(cv2.resize(still[:24, :24], (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)
    width, height = PART
    x, y = rng.randrange(0, WIDTH - width), rng.randrange(0, HEIGHT - height)
    wall[y : y + height, x : x + width] = cv2.resize(still, PART, interpolation=cv2.INTER_AREA)
    left, top, right, bottom = x / WIDTH, y / HEIGHT, (x + width) / WIDTH, (y + height) / HEIGHT
    return wall, Zone(((left, top), (right, top), (right, bottom), (left, bottom)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--model", default=str(model_path()))
    args = parser.parse_args()
    engine = open_engine(EngineConfig(args.model))
    right = {"whole": 0, "zone": 0}
    begun = time.monotonic()
    try:
        for seed in range(args.scenes):
            pixels, zone = yard(seed)
            scene = make_scene(seed)
            asked = DemoQuestion("What does the sign say?", QuestionKind.READ, scene, scene.traveller.drawn)
            for way, rule in (("whole", engine.fit), ("zone", zone_rule(engine.fit, zone))):
                source = Shown(way, pixels, rule, engine)
                engine.attach(source)
                try:
                    answer, view = put(engine, way, user(asked.text))
                finally:
                    engine.detach(way)
                right[way] += asked.correct(answer, view.start_wall, view.end_wall)
            if (seed + 1) % 20 == 0:
                print(f"{seed + 1} scenes, {time.monotonic() - begun:.0f} s: {right}", file=sys.stderr, flush=True)
    finally:
        engine.close()
    shares = {way: round(count / args.scenes, 3) for way, count in right.items()}
    for way, share in shares.items():
        print(f"{way:>6}: {share:.1%} of {args.scenes} signs are read right")
    print(json.dumps({"model": engine.info.id, "scenes": args.scenes, "right": shares}))


if __name__ == "__main__":
    main()
