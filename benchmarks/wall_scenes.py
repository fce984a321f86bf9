"""Scenes for wall.py whose still pictures the built-in model reads right, so that its figures are about watching.

    python benchmarks/wall_scenes.py [--first 1000] [--count 8]

The built-in model does not know every drawing (docs/demo.md), and nobody would keep a watch on a question that it gets
wrong while nothing happens. So each scene's eight pictures (each of its three objects there or not) are held still for
four pairs of frames, and its five questions scored; a scene counts when all forty readings are on their side of the
default thresholds. Prints the seeds, and how many were looked at.
"""

import argparse
import itertools
import json
import math
import queue
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import numpy as np
from support.scripted import PLACES, Script

from askcam.demo.builtin import model_path
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import Message, Question, Role, Sampling, Scored, Text
from askcam.features.watches.answers import words
from askcam.features.watches.setting import WatchSetting
from askcam.stream.fit import resize
from askcam.stream.frame import Frame
from askcam.stream.window import View, Window

NUM_PAIRS = 4
CAMERA = "still"


class Still:
    """A camera that shows one picture."""

    name = CAMERA

    def __init__(self) -> None:
        self.view: View | None = None

    def look(self) -> View:
        assert self.view is not None
        return self.view


def questions(script: Script) -> list[tuple[str, int, str]]:
    """What wall.py asks of each camera: (name of the watch, number of the object, question)."""
    objects = script.objects
    asked = [(str(i), i, f"Is there {drawn.a}? Answer yes or no.") for i, drawn in enumerate(objects)]
    return [*asked, ("zh", 0, f"有{objects[0].zh}吗？")]


def sure(engine: Engine, still: Still, seed: int) -> bool:
    """Whether all readings of the scene's still pictures are on their side."""
    script = Script(seed, math.inf)
    for shown in itertools.product((False, True), repeat=len(PLACES)):
        still.view = _held(engine, script.picture(tuple(i for i, there in enumerate(shown) if there)))
        for _, number, text in questions(script):
            setting = WatchSetting(text, (CAMERA,))
            meanings = words(setting, engine.single)
            choices = tuple(meanings.meaning)
            answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
            asked = Question((Message(Role.USER, (Text(text),)),), CAMERA, Sampling(max_tokens=1))
            engine.score([asked], choices, answers.put)
            scored = answers.get()
            assert isinstance(scored, Scored), scored
            likely = meanings.read(dict(zip(choices, scored.probabilities[0], strict=True))).probability
            if likely < setting.on if (*shown, False)[number] else likely > setting.off:
                return False
    return True


def _held(engine: Engine, pixels: Any) -> View:
    window = Window(CAMERA, engine.anchors, 2.0)
    fitted = resize(np.ascontiguousarray(pixels), engine.fit(pixels.shape[1], pixels.shape[0]))
    for number in range(2 * NUM_PAIRS):
        window.add(Frame(CAMERA, number, number / 2, time.monotonic(), fitted))
    view = window.settled()
    assert view is not None
    return view


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--count", type=int, default=8)
    args = parser.parse_args()
    engine, still, found, seed = open_engine(EngineConfig(str(model_path()))), Still(), [], args.first
    still.view = _held(engine, Script(seed, math.inf).picture(()))
    engine.attach(still)
    try:
        while len(found) < args.count:
            if sure(engine, still, seed):
                found.append(seed)
                print(seed, flush=True)
            seed += 1
    finally:
        engine.detach(CAMERA)
        engine.close()
    print(json.dumps({"benchmark": "wall_scenes", "seeds": found, "looked_at": seed - args.first}))


if __name__ == "__main__":
    main()
