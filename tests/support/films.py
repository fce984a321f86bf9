"""Films of drawn objects that come and go at known times, and the truth about them. A pure function of the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from askcam.demo.drawings import STYLES, sprite
from askcam.demo.objects import Drawn, drawn_objects
from askcam.demo.render import placed, scaled, wall
from askcam.demo.scene import BACKDROPS, WIDTH, make_scene
from askcam.stream.frame import Pixels

FPS = 10  # pictures a second
PLACES = ((125.0, 150.0), (320.0, 330.0), (515.0, 150.0))  # three at most, so that none is before another
QUIET_S = (6.0, 24.0)  # between one happening and the next
EMPTY_S = 2.0  # nothing happens at the very beginning, nor at the very end


@dataclass(frozen=True, slots=True)
class Happening:
    """Something appears or leaves, `at_s` seconds into the film: it is (or is no more) in the first picture after."""

    at_s: float
    appears: bool
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class Stay:
    """One object from when it comes to when it goes; from before the beginning, or to the end, where it does not."""

    drawn: Drawn
    style: str
    half: float
    place: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Film:
    seed: int
    seconds: float
    stays: tuple[Stay, ...]

    @property
    def truth(self) -> tuple[Happening, ...]:
        """All that happens, in order of time."""
        came = [Happening(stay.start_s, True, stay.drawn) for stay in self.stays if stay.start_s > 0]
        went = [Happening(stay.end_s, False, stay.drawn) for stay in self.stays if stay.end_s < self.seconds]
        return tuple(sorted(came + went, key=lambda happening: happening.at_s))

    def pictures(self, fps: float = FPS) -> Iterator[Pixels]:
        """(480, 640, 3) uint8 RGB, `fps` a second. What stands still is drawn once."""
        back = wall(make_scene(self.seed).room)
        shown: frozenset[Stay] | None = None
        picture: Pixels = np.zeros((0, 0, 3), np.uint8)
        for number in range(round(self.seconds * fps)):
            now = number / fps
            there = frozenset(stay for stay in self.stays if stay.start_s <= now < stay.end_s)
            if there != shown:
                canvas = back.copy()
                for stay in there:
                    side = round(2 * stay.half)
                    drawing, rows, columns = placed(
                        scaled(sprite(stay.style, stay.drawn.index), side, side), PLACES[stay.place]
                    )
                    canvas[rows, columns] = canvas[rows, columns] * (1 - drawing[..., 3:]) + drawing[..., :3]
                picture, shown = np.rint(canvas).clip(0, 255).astype(np.uint8), there
            yield picture


def make_film(seed: int, seconds: float) -> Film:
    """Objects come and go one at a time; nobody comes twice within a film."""
    rng = random.Random(f"askcam film {seed}")
    room = make_scene(seed).room
    names = [drawn for drawn in drawn_objects() if drawn.en not in BACKDROPS]
    rng.shuffle(names)
    open_stays: dict[int, Stay] = {}
    stays: list[Stay] = []
    del room

    def come(at_s: float, place: int) -> None:
        open_stays[place] = Stay(names.pop(), rng.choice(STYLES), rng.uniform(64, 80), place, at_s, seconds)

    for place in rng.sample(range(len(PLACES)), rng.randint(0, 2)):
        come(0.0, place)
    now = rng.uniform(EMPTY_S, QUIET_S[1])
    while now < seconds - EMPTY_S:
        at_s = round(now * FPS) / FPS
        free = [place for place in range(len(PLACES)) if place not in open_stays]
        if free and (not open_stays or rng.random() < len(free) / len(PLACES)):
            come(at_s, rng.choice(free))
        else:
            gone = open_stays.pop(rng.choice(sorted(open_stays)))
            stays.append(Stay(gone.drawn, gone.style, gone.half, gone.place, gone.start_s, at_s))
        now += rng.uniform(*QUIET_S)
    return Film(seed, seconds, tuple(stays + list(open_stays.values())))


def write_film(film: Film, path: Path) -> None:
    """As H.264 in the container that the suffix names."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, round(WIDTH * 3 / 4), "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "20"}
        for pixels in film.pictures():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
