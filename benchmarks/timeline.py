"""When did X come, when did it leave? Three hours of a scripted camera, sped up, and thirty questions about them.

    python benchmarks/timeline.py [--seeds 0:1] [--hours 3] [--happenings 60] [--questions 30] [--language en]

Drawn objects come and go before a synthetic camera at random moments, two of them perhaps in the same second, each
picture compressed as cameras do. Its clock is the script's: two frames a second of camera time go through the writer of
the timeline (scene, model, store) as fast as it takes them. The questions are put to GET /v1/timeline's own search;
right is a first entry that begins within TOLERANCE_S of the truth. Then the size of the database is measured, per
camera and day, with pictures and without; a month of 16 cameras follows from the bytes of a note. A table, then one
JSON line.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import cv2
import numpy as np
from support.films import PLACES, Film, Happening, Stay

from askcam.demo.builtin import model_path
from askcam.demo.drawings import STYLES
from askcam.demo.objects import drawn_objects
from askcam.demo.scene import BACKDROPS
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.features.timeline.change_detector import NotePace
from askcam.features.timeline.config import TimelineConfig
from askcam.features.timeline.prompts import note_prompts
from askcam.features.timeline.query import read
from askcam.features.timeline.questions import Questions
from askcam.features.timeline.search import Search, find
from askcam.features.timeline.store import NoteStore
from askcam.features.timeline.thread import NoteThread
from askcam.features.timeline.writer import NoteWriter
from askcam.server.model import Model
from askcam.stream.fit import resize
from askcam.stream.frame import Frame, Pixels
from askcam.stream.shot import Shot
from askcam.stream.window import View, Window

TOLERANCE_S = 10.0
EPOCH = 1_700_000_000.0
FPS = 2.0
QUALITIES = (60, 91)  # of JPEGs, half open: each picture is compressed as cameras do
MONTH_DAYS, MANY_CAMERAS = 30, 16
ASKED = {
    ("en", True): "When did the {} appear?",
    ("en", False): "When did the {} leave?",
    ("zh", True): "{}什么时候出现的？",
    ("zh", False): "{}什么时候离开的？",
}


@dataclass(frozen=True)
class Run:
    right: int
    asked: int
    off_s: list[float]
    notes: int
    took_s: float
    note_bytes: dict[str, float]  # with pictures, without


class ScriptedCamera:
    """A camera whose time goes on when it is told. Writer.Watched; one thread."""

    name = "script"

    def __init__(self, film: Film, engine: Engine) -> None:
        self._film, self._engine = film, engine
        self._window = Window(self.name, engine.anchors, FPS)
        self._chance = np.random.default_rng(film.seed)

    def frames(self) -> Iterator[Frame]:
        """One after the other, each in the window once it is given."""
        shown, fitted = None, np.zeros((0, 0, 3), np.uint8)
        for number, picture in enumerate(self._film.pictures(FPS)):
            if picture is not shown:
                shown, fitted = picture, resize(picture, self._engine.fit(picture.shape[1], picture.shape[0]))
            at = number / FPS
            frame = Frame(self.name, number, EPOCH + at, at, self._compressed(fitted))
            self._window.add(frame)
            yield frame

    def window(self) -> View | None:
        return self._window.view()

    def look(self) -> View:
        raise AssertionError("all of its pictures are sampled")

    def shot(self) -> Shot | None:
        return None

    def _compressed(self, pixels: Pixels) -> Pixels:
        quality = int(self._chance.integers(*QUALITIES))
        jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        found = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        assert found is not None, "what was encoded can be decoded"
        return np.ascontiguousarray(found)


def script(seed: int, seconds: float, num_happenings: int) -> Film:
    """Happenings at moments drawn at random from all of it; nothing comes twice."""
    chance = random.Random(f"timeline {seed}")
    names = [drawn for drawn in drawn_objects() if drawn.en not in BACKDROPS]
    chance.shuffle(names)
    stays: list[Stay] = []
    there: dict[int, Stay] = {}
    for at_s in sorted(round(chance.uniform(10, seconds - 10), 1) for _ in range(num_happenings)):
        free = [place for place in range(len(PLACES)) if place not in there]
        if free and (not there or chance.random() < 0.5):
            place = chance.choice(free)
            style, half = chance.choice(STYLES), chance.uniform(64, 80)
            there[place] = Stay(names.pop(), style, half, place, at_s, seconds)
        else:
            gone = there.pop(chance.choice(sorted(there)))
            stays.append(Stay(gone.drawn, gone.style, gone.half, gone.place, gone.start_s, at_s))
    return Film(seed, seconds, (*stays, *there.values()))


async def live(engine: Engine, film: Film, num_questions: int, language: str) -> Run:
    """Write the timeline of a film, and ask about it."""
    model = Model("built-in")
    model.ready(engine)
    camera, prompts = ScriptedCamera(film, engine), note_prompts(language, plain=True)
    with tempfile.TemporaryDirectory() as folder:
        config = TimelineConfig(folder=Path(folder), language=language, time_zone="UTC")
        keeping = NoteThread(config)
        await keeping.open()
        empty = await keeping.do(lambda store: store.num_bytes)
        pace, now = NotePace(config.min_interval_s, config.max_notes_per_hour), EPOCH
        questions = Questions(model, lambda: False)
        writer = NoteWriter(lambda: (camera,), questions, keeping, prompts, pace, True, lambda: now)
        began = time.monotonic()
        for frame in camera.frames():
            now = frame.wall
            await writer.turn()
        took_s = time.monotonic() - began
        right, off_s = 0, []
        truth = random.Random(film.seed).sample(film.truth, min(num_questions, len(film.truth)))
        for happening in truth:
            told = await answer(keeping, happening, language)
            if told is not None and abs(told - happening.at_s) <= TOLERANCE_S:
                right += 1
                off_s.append(abs(told - happening.at_s))
            else:
                what = "appears" if happening.appears else "leaves"
                said = "not told" if told is None else f"told at {told:.1f} s"
                print(f"film {film.seed}, {happening.at_s:.1f} s: {happening.drawn.a} {what}: {said}", flush=True)
        notes = (await keeping.do(lambda store: store.counts()))["note"]
        note_bytes = {"with_pictures": (await keeping.do(lambda store: store.num_bytes) - empty) / notes}
        note_bytes["without"] = (await keeping.do(without_pictures) - empty) / notes
        await keeping.close()
    return Run(right, len(truth), off_s, notes, took_s, note_bytes)


async def answer(keeping: NoteThread, happening: Happening, language: str) -> float | None:
    """Seconds since the beginning, of the first entry that the search gives."""
    name = happening.drawn.en if language == "en" else happening.drawn.zh
    question = ASKED[language, happening.appears].format(name)
    found = await keeping.do(lambda store: find(store.db, Search(wanted=read(question), limit=1)))
    return datetime.fromisoformat(found[0].start).timestamp() - EPOCH if found else None


def without_pictures(store: NoteStore) -> int:
    """Bytes of the database when there are none."""
    with store.db:
        store.db.execute("DELETE FROM pictures")
    return store.num_bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="0:1", help="FIRST:END, half open")
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--happenings", type=int, default=60)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--language", default="en", choices=("en", "zh"))
    args = parser.parse_args()
    first, end = map(int, args.seeds.split(":"))
    engine = open_engine(EngineConfig(str(model_path())))
    try:
        films = [script(seed, args.hours * 3600, args.happenings) for seed in range(first, end)]
        runs = [asyncio.run(live(engine, film, args.questions, args.language)) for film in films]
    finally:
        engine.close()
    row = tell(runs, args.hours)
    about = {"benchmark": "timeline", "seeds": args.seeds, "hours": args.hours, "happenings": args.happenings}
    print(json.dumps({**about, "language": args.language, "tolerance_s": TOLERANCE_S, **row}))


def tell(runs: list[Run], hours: float) -> dict[str, Any]:
    asked, right = sum(run.asked for run in runs), sum(run.right for run in runs)
    off_s = sorted(off for run in runs for off in run.off_s)
    notes = sum(run.notes for run in runs)
    per_day = notes / len(runs) * 24 / hours
    row: dict[str, Any] = {
        "asked": asked,
        "right": right,
        "share": round(right / asked, 4),
        "off_s_mean": round(sum(off_s) / max(1, len(off_s)), 2),
        "off_s_max": round(max(off_s, default=0.0), 2),
        "notes": notes,
        "notes_per_camera_day": round(per_day),
        "took_s": round(sum(run.took_s for run in runs), 1),
        "times_real_time": round(hours * 3600 * len(runs) / sum(run.took_s for run in runs)),
    }
    for name in ("with_pictures", "without"):
        each = sum(run.note_bytes[name] for run in runs) / len(runs)
        row[f"note_bytes_{name}"] = round(each)
        row[f"camera_day_mb_{name}"] = round(each * per_day / 1e6, 2)
        row[f"month_of_16_cameras_gb_{name}"] = round(each * per_day * MONTH_DAYS * MANY_CAMERAS / 1e9, 2)
    for name, value in row.items():
        print(f"{name:40}{value:>12}")
    return row


if __name__ == "__main__":
    main()
