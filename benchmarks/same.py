"""Do two backends say the same? A model on synthetic scenes, greedy answers.

    python benchmarks/same.py [--questions 300] [--model FOLDER | --tiny qwen3_5]
    python benchmarks/same.py --remote http://gpu1:8000/v1 --dialect vllm [--readings 100]
    python benchmarks/same.py --remote built-in --dialect vllm      # behind the tests' own server, portable there

The model is the built-in one, if none is named; --tiny makes a small random one of a family. The live backend is
compared with the portable one, or with the same model behind a server.

Both are asked the same questions about the same windows (1 to 16 frames, then 7 more), in one process. Prints the first
differences, a table, and one JSON line. Of the two backends every answer must be the same, or it exits with 1.

Behind a server JPEG and pictures in place of a video make it another question. So the model here is asked a third time,
about what was sent: those JPEGs, as pictures or as a video. That must give the server's answer, or what is left is its
own doing: dtype, kernels, template. Told are how many are the same, of either kind, and how soon the first word of each
came (median). Where logprobs come, also how far apart the probabilities of yes are that a watch would read: over the
pixels as they are, and over what was sent, which has to be within 0.001.
"""

import argparse
import base64
import contextlib
import io
import json
import math
import os
import queue
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import av
import numpy as np
from PIL import Image
from support.scene_camera import CAMERA, DEADLINE_S, SceneCamera, answer_of, ask_all
from support.servers.running import RunningModelServer
from support.tiny_models import CLASSES, save_tiny

from askcam.demo.builtin import model_path
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import (
    Clip,
    Message,
    Part,
    Picture,
    Question,
    Role,
    Sampling,
    Scored,
    ScoreEvent,
    Text,
)
from askcam.engine.remote.dialects import Shape
from askcam.engine.remote.encoding import Encoder, mp4
from askcam.engine.remote.engine import RemoteEngine
from askcam.engine.remote.outgoing import Outgoing
from askcam.engine.remote.place import KEY
from askcam.stream.frame import Pixels
from askcam.stream.window import View

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
    parser.add_argument("--pictures", choices=("jpeg", "png"), default="jpeg", help="what is sent to that server")
    parser.add_argument("--readings", type=int, default=100, help="scorings that are compared behind a server")
    parser.add_argument("--seconds", type=float, default=math.inf, help="ask no more after so many, behind a server")
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
                there = EngineConfig(
                    "", url=url, dialect=args.dialect, max_pairs=8, key=os.environ.get(KEY), pictures=args.pictures
                )
                engines = [open_engine(there), open_engine(live)]
                stack.callback(lambda: [engine.close() for engine in engines])
                remote(*engines, args.questions, args.readings, args.seconds)
            return
        engines = [open_engine(live), open_engine(portable)]
        compare(engines, args.questions)


def remote(there: Engine, here: Engine, questions: int, readings: int, seconds: float) -> None:
    """Ask both, print what comes of it."""
    assert isinstance(there, RemoteEngine), "opened by its address"
    same = as_sent = asked = 0
    first_s: tuple[list[float], list[float]] = ([], [])
    until = time.monotonic() + seconds
    for text, view, answers in ask_all([here, there], num_scenes=(questions + 1) // 2, seed=0):
        asked += 1
        live, told = (one.text for one in answers)
        shown = answer_of(here, text, sent(view, there.outgoing)).text
        same += live == told
        as_sent += shown == told
        for took, one in zip(first_s, answers, strict=True):
            took.append(one.timings.first_token_s)
        if shown != told or (live != told and asked - same <= 5):
            print(f"{text!r}: live {live!r}, of what was sent {shown!r}, remote {told!r}", flush=True)
        if asked % 50 == 0:
            print(f"{asked} questions, {same} the same, {as_sent} of what was sent", flush=True)
        if time.monotonic() > until:
            break
    names = zip(("live", "remote"), first_s, strict=True)
    medians = {f"{name}_first_s": round(statistics.median(took), 3) for name, took in names}
    row: dict[str, Any] = {
        "benchmark": "same",
        "backends": ["live", "remote"],
        "pictures": there.outgoing.encoder.pictures,
    }
    row |= {"questions": asked, "same": same}
    row |= {"same_of_what_was_sent": as_sent, **medians}
    scored = readings > 0 and any(check.name == "logprobs" and check.ok for check in there.info.checks)
    apart, of_sent = read_apart(here, there, readings) if scored else ([], [])
    if scored:
        row |= {"readings": len(apart), "yes_apart_p50": round(statistics.median(apart), 6)}
        row |= {"yes_apart_most": round(max(apart), 6), "yes_apart_most_of_what_was_sent": round(max(of_sent), 6)}
    for name, value in row.items():
        print(f"{name:32} {value}")
    print(json.dumps(row))
    sys.exit(max(of_sent, default=0.0) > APART_LIMIT)


def read_apart(here: Engine, there: Engine, readings: int) -> tuple[list[float], list[float]]:
    """How far the probabilities of yes are from those of the pixels as they are, and from those of what was sent."""
    read = list(score_both(here, there, readings))
    apart, of_sent = ([abs(reading[which] - reading[2]) for reading in read] for which in (0, 1))
    return apart, of_sent


def sent(view: View, outgoing: Outgoing) -> tuple[Part, ...]:
    """What a server makes of a window that it is sent."""
    pixels = [frame.pixels for frame in view.frames]
    shape = outgoing.shape(len(pixels))
    if shape is Shape.IMAGES:
        return tuple(Picture(as_sent(each, outgoing.encoder)) for each in pixels)
    if shape is Shape.JPEGS:
        return (Clip(tuple(as_sent(each, outgoing.encoder) for each in pixels), view.fps),)
    with av.open(io.BytesIO(mp4(pixels, view.fps))) as film:
        return (Clip(tuple(frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)), view.fps),)


def as_sent(pixels: Pixels, encoder: Encoder) -> Pixels:
    """What a server makes of the JPEG or PNG that it is sent."""
    data = base64.b64decode(encoder.picture(pixels))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def score_both(here: Engine, there: Engine, readings: int) -> Iterator[tuple[float, ...]]:
    """The probability of yes, among yes and no, of a view: here, here of the pictures that are sent, there."""
    assert isinstance(there, RemoteEngine), "opened by its address"
    through = partial(as_sent, encoder=there.outgoing.encoder)
    chance = random.Random(1)
    for scene in range(readings):
        start_s, num_frames = chance.uniform(0, 1000), chance.randint(2, 16)
        cameras = [SceneCamera(scene, here, start_s, *way) for way in ((), (through,), ())]
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
        for text, _, answers in ask_all(engines, num_scenes=(questions + 1) // 2, seed=0):
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
