"""Moments to be asked about, each a view of a window with the truth beside it: of a labelled recording, as fast as it
decodes, and of the synthetic camera, which knows its own truth."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from askcam.demo.objects import Drawn, drawn_objects
from askcam.demo.scene import BACKDROPS, Scene, make_scene
from askcam.demo.synthetic import SyntheticScene
from askcam.engine.interface import Engine
from askcam.features.calibration.labels import Labels
from askcam.server.language.chinese import is_chinese
from askcam.stream.fit import resize
from askcam.stream.frame import Frame
from askcam.stream.reel import Reel
from askcam.stream.window import View, Window

CAMERA = "calibrate"  # what the engine knows the moments by
EPOCH = 1_700_000_000.0  # synthetic cameras are looked at at some time in the 28 hours after it, drawn from the seed
OBJECT = "{object}"  # in a question: the name of an object, in English with its article
FAR = 2_000_000  # seeds that are tried for a scene with one certain object: it is in one of some 400


@dataclass(frozen=True, slots=True)
class AskedMoment:
    """A question and whether the answer is yes; `piece` as of samples.Sample."""

    question: str
    true: bool
    piece: int


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """All questions are about this one view."""

    view: View
    asked: tuple[AskedMoment, ...]
    at_s: float


def of_recording(
    reel: Reel, labels: Labels, question: str, engine: Engine, *, fps: float, every_s: float, settle_s: float = 0.0
) -> Iterator[Moment]:
    """Every `every_s` seconds of the film, the window as it is then; `true` is what the label of its newest frame says.

    Its complete pairs only, as for watches of which many are due at once: whether the newest frame joins as a pair of
    its own is decided by how long that takes, and so would the figures be. Raises SourceError where the film cannot be
    read on.
    """
    window, due = Window(CAMERA, engine.anchors, fps), 0.0
    for number, still in enumerate(reel.stills(fps, engine.fit)):
        window.add(Frame(CAMERA, number, still.at_s, time.monotonic(), still.pixels))
        if still.at_s < due:
            continue
        view = window.settled()
        if view is None:
            continue
        due = max(due + every_s, still.at_s)
        known = labels.at(view.end_wall, settle_s)
        if known is not None:
            yield Moment(view, (AskedMoment(question, known[1], known[0]),), view.end_wall)


def of_drawings(seeds: Sequence[int], question: str, engine: Engine, fps: float, moments: int = 1) -> Iterator[Moment]:
    """`moments` of each seed, windows as full as chance wills. With OBJECT in the question it is asked of each about
    the object that is there and about another one; else the question is the same of all, and names one object."""
    for seed in seeds:
        scene = SyntheticScene(seed)
        chance = random.Random(f"askcam calibration {seed}")
        asked = tuple(AskedMoment(text, true, seed) for text, true in _questions(question, scene.scene, chance))
        for _ in range(moments):
            at = EPOCH + chance.uniform(0, 100_000)
            yield Moment(_window(scene, at, chance, engine, fps), asked, at)


def seeds_for(question: str, first: int, count: int) -> list[int]:
    """`count` seeds from `first` on: any, with OBJECT in the question; else half of them show the object that it names.

    Raises ValueError, for people, where the question is about nothing that the camera knows.
    """
    if OBJECT in question:
        return list(range(first, first + count))
    named = about(question)
    wanted = {True: count - count // 2, False: count // 2}
    found = []
    for seed in range(first, first + FAR):
        there = make_scene(seed).traveller.drawn == named
        if wanted[there]:
            wanted[there] -= 1
            found.append(seed)
        if not any(wanted.values()):
            break
    return found


def about(question: str) -> Drawn:
    """The object that a question names. Raises ValueError, for people."""
    said = f" {''.join(letter if letter.isalnum() else ' ' for letter in question.lower())} "
    named = [drawn for drawn in drawn_objects() if f" {drawn.en.lower()} " in said or drawn.zh in question]
    if not named:
        raise ValueError(
            f"the synthetic camera cannot tell what is right for {question!r}: ask about one drawn object ('Is there "
            f"an apple? Answer yes or no.'), or about all ('Is there {OBJECT}? Answer yes or no.')"
        )
    return max(named, key=lambda drawn: len(drawn.en) if f" {drawn.en.lower()} " in said else len(drawn.zh))


def _questions(question: str, scene: Scene, chance: random.Random) -> Iterator[tuple[str, bool]]:
    there = scene.traveller.drawn
    if OBJECT not in question:
        yield question, about(question) == there
        return
    others = [drawn for drawn in drawn_objects() if drawn.en not in BACKDROPS and drawn != there]
    for drawn in (there, chance.choice(others)):
        name = drawn.zh if is_chinese(question) else drawn.a
        yield question.replace(OBJECT, name), drawn == there


def _window(scene: SyntheticScene, end: float, chance: random.Random, engine: Engine, fps: float) -> View:
    """A live camera's window at `end` (seconds since the epoch): it was opened some time before."""
    window = Window(CAMERA, engine.anchors, fps)
    num_frames = chance.randint(2, 4 * engine.anchors.max_pairs)
    for number in range(num_frames):
        wall = end - (num_frames - 1 - number) / fps
        pixels = scene.at(wall)
        fitted = resize(pixels, engine.fit(pixels.shape[1], pixels.shape[0]))
        window.add(Frame(CAMERA, number, wall, time.monotonic(), fitted))
    view = window.settled()
    assert view is not None, "two frames make a pair"
    return view
