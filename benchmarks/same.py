"""Do two backends say the same? A model on synthetic scenes, greedy answers.

    python benchmarks/same.py [--questions 300] [--model FOLDER | --tiny qwen3_5]
    python benchmarks/same.py --remote http://gpu1:8000/v1 --dialect vllm [--readings 100]
    python benchmarks/same.py --remote built-in --dialect vllm      # behind the tests' own server, portable there

The model is the built-in one, if none is named; --tiny makes a small random one of a family. The live backend is
compared with the portable one, or with the same model behind a server.

Both are asked the same questions about the same windows (1 to 16 frames, then 7 more), in one process. Prints the first
differences, a table, and one JSON line. Of the two backends every answer must be the same, or it exits with 1; behind a
server JPEG, dtype and template may make another one: how many are the same is told, how soon the first word of each
came (median), and how far apart the probabilities of yes are that a watch would read: over the pixels as they are, and
where the model here is shown the JPEGs that were sent, too, which has to be within 0.001.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import queue
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import numpy as np
from PIL import Image
from support.scene_camera import CAMERA, DEADLINE_S, SceneCamera, ask_all
from support.servers.running import RunningModelServer
from support.tiny_models import CLASSES, save_tiny

from askcam.demo.builtin import model_path
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import Message, Question, Role, Sampling, Scored, ScoreEvent, Text
from askcam.engine.remote.encoding import Encoder
from askcam.engine.remote.place import KEY
from askcam.stream.frame import Pixels

BACKENDS: tuple[Literal["live", "portable"], ...] = ("live", "portable")
WATCHED = tuple(
    f"Is {what}? Answer yes or no." for what in ("there a cup", "there an apple", "anything moving", "there a person")
)
APART_LIMIT = 0.001
TINY_PIXELS = 48 * 32 * 32  # of a frame: the tiny models have little context


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--model", help="a folder or hub id")
    parser.add_argument("--remote", help="the address of a model server that has the same model")
    parser.add_argument("--dialect", default="auto", help="of that server")
    parser.add_argument("--readings", type=int, default=100, help="scorings that are compared behind a server")
    parser.add_argument("--tiny", choices=sorted(CLASSES), help="a random model of this family")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = str(save_tiny(args.tiny, model_path(), Path(folder)) if args.tiny else args.model or model_path())
        most = TINY_PIXELS if args.tiny else None
        # whatever the newest frame costs: both are to see it
        live, portable = (EngineConfig(model, backend=one, max_pixels=most, fresh_ms=1e6) for one in BACKENDS)
        if args.remote:
            with contextlib.ExitStack() as stack:
                url = args.remote
                if url == "built-in":
                    url = stack.enter_context(RunningModelServer(args.dialect, "--builtin")).url
                there = EngineConfig("", url=url, dialect=args.dialect, max_pairs=8, key=os.environ.get(KEY))
                engines = [open_engine(there), open_engine(live)]
                stack.callback(lambda: [engine.close() for engine in engines])
                remote(*engines, args.questions, args.readings)
            return
        engines = [open_engine(live), open_engine(portable)]
        compare(engines, args.questions)


def remote(there: Engine, here: Engine, questions: int, readings: int) -> None:
    """Ask both, print what comes of it."""
    same = asked = 0
    first_s: tuple[list[float], list[float]] = ([], [])
    for text, answers in ask_all([here, there], num_scenes=(questions + 1) // 2, seed=0):
        asked += 1
        told = [one.text for one in answers]
        same += told[0] == told[1]
        for took, one in zip(first_s, answers, strict=True):
            took.append(one.timings.first_token_s)
        if told[0] != told[1] and asked - same <= 5:
            print(f"{text!r}: live {told[0]!r}, remote {told[1]!r}")
    read = list(score_both(here, there, readings))
    apart, of_jpegs = ([abs(reading[which] - reading[2]) for reading in read] for which in (0, 1))
    names = zip(("live", "remote"), first_s, strict=True)
    medians = {f"{name}_first_s": round(statistics.median(took), 3) for name, took in names}
    row = {"benchmark": "same", "backends": ["live", "remote"], "questions": asked, "same": same, **medians}
    row |= {"readings": len(apart), "yes_apart_p50": round(statistics.median(apart), 6)}
    row |= {"yes_apart_most": round(max(apart), 6), "yes_apart_most_of_jpegs": round(max(of_jpegs), 6)}
    for name, value in row.items():
        print(f"{name:28} {value}")
    print(json.dumps(row))
    sys.exit(max(of_jpegs) > APART_LIMIT)


def as_sent(pixels: Pixels) -> Pixels:
    """What a server makes of the JPEG that it is sent."""
    data = base64.b64decode(Encoder().jpeg(pixels))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def score_both(here: Engine, there: Engine, readings: int) -> Iterator[tuple[float, ...]]:
    """The probability of yes, among yes and no, of the same view: here, here of the JPEGs that are sent, and there."""
    chance = random.Random(1)
    for scene in range(readings):
        start_s, num_frames = chance.uniform(0, 1000), chance.randint(2, 16)
        cameras = [SceneCamera(scene, here, start_s, *way) for way in ((), (as_sent,), ())]
        question = Question((Message(Role.USER, (Text(chance.choice(WATCHED)),)),), CAMERA, Sampling(max_tokens=1))
        found = []
        for engine, camera in zip((here, here, there), cameras, strict=True):
            camera.go_on(num_frames)
            engine.attach(camera)
            events: queue.SimpleQueue[ScoreEvent] = queue.SimpleQueue()
            engine.score([question], ("Yes", "No"), events.put)
            event = events.get(timeout=DEADLINE_S)
            assert isinstance(event, Scored), event
            ((yes, no),) = event.probabilities
            found.append(yes / (yes + no))
            engine.detach(CAMERA)
        yield tuple(found)


def compare(engines: list[Engine], questions: int) -> None:
    """Ask both, print what comes of it, leave with 1 when one answer differs."""
    same = asked = 0
    try:
        for text, answers in ask_all(engines, num_scenes=(questions + 1) // 2, seed=0):
            asked += 1
            live, portable = ((one.text, one.usage.completion_tokens, one.usage.prompt_tokens) for one in answers)
            same += live == portable
            if live != portable and asked - same <= 5:
                print(f"{text!r}: live {live}, portable {portable}")
            if asked % 50 == 0:
                print(f"{asked} questions, {same} the same", flush=True)
    finally:
        for engine in engines:
            engine.close()
    row = {"benchmark": "same", "questions": asked, "same": same}
    for name, value in row.items():
        print(f"{name:28} {value}")
    print(json.dumps(row))
    sys.exit(same < asked)


if __name__ == "__main__":
    main()
