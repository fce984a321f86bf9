"""What is before the synthetic camera, and where it is at any moment. Pure: a function of the seed and the time.

A scene has a plain backdrop, one thing that stands, one that travels to and fro at a steady pace, and a sign. Times
are seconds since the epoch, so any process that knows the seed knows the truth about any span of time.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

from askcam.demo.objects import Drawn, drawn_objects
from askcam.demo.sprites import STYLES, color

WIDTH, HEIGHT = 640, 480  # pixels


class Direction(StrEnum):
    """Which way something moves, as the viewer sees it."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Path:
    """To and fro between two points at a steady pace. Points in pixels, `leg_s` seconds from one to the other."""

    start: tuple[float, float]
    end: tuple[float, float]
    leg_s: float
    phase: float  # legs done at time 0, in 0..2

    def _legs(self, t: float) -> float:
        return (t / self.leg_s + self.phase) % 2.0

    def at(self, t: float) -> tuple[float, float]:
        """Where it is at time `t`."""
        legs = self._legs(t)
        share = legs if legs < 1.0 else 2.0 - legs
        return (
            self.start[0] + (self.end[0] - self.start[0]) * share,
            self.start[1] + (self.end[1] - self.start[1]) * share,
        )

    def turned(self, t: float) -> float:
        """The time of the last turn at or before `t`."""
        return t - self._legs(t) % 1.0 * self.leg_s

    def direction(self, start: float, end: float) -> Direction:
        """Which way it got along between two times, all in all: the way from where it was to where it is."""
        (x0, y0), (x1, y1) = self.at(start), self.at(end)
        if abs(self.end[0] - self.start[0]) >= abs(self.end[1] - self.start[1]):
            return Direction.RIGHT if x1 > x0 else Direction.LEFT
        return Direction.DOWN if y1 > y0 else Direction.UP


@dataclass(frozen=True, slots=True)
class Thing:
    """A drawn object. `half` is half its longer side in pixels."""

    drawn: Drawn
    style: str
    half: float

    @property
    def color(self) -> str | None:
        return color(self.style, self.drawn.index)


@dataclass(frozen=True, slots=True)
class Sign:
    """A card with a word on it. `half_height` of the letters and `max_width` of the card, in pixels."""

    text: str
    center: tuple[float, float]
    half_height: float
    max_width: float
    dark: bool
    font: str


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A plain wall: its colour's name, its colour, and how the light falls across it (share of brightness)."""

    name: str
    rgb: tuple[int, int, int]
    light: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that one seed stands for."""

    seed: int
    backdrop: Backdrop
    traveller: Thing
    path: Path
    standing: Thing
    place: tuple[float, float]
    sign: Sign


BACKDROPS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "blue": ((90, 160, 230),),
    "green": ((90, 180, 60),),
    "yellow": ((245, 220, 60),),
    "pink": ((245, 160, 190),),
    "purple": ((130, 60, 180),),
    "white": ((240, 241, 243),),
    "gray": ((150, 150, 152),),
}
WORDS = "OPEN SALE HELLO WELCOME CAFE HOTEL PARK TAXI COFFEE BREAD MUSIC MOVIE GAME BOOK PHONE EXIT STOP".split()
FONTS = ("Lato-Bold.ttf", "Lato-Black.ttf", "DejaVuSans-Bold.ttf")


def make_scene(seed: int) -> Scene:
    """The scene of a seed: the same everywhere and for ever."""
    rng = random.Random(f"askcam scene {seed}")
    name = rng.choice(list(BACKDROPS))
    backdrop = Backdrop(name, rng.choice(BACKDROPS[name]), (rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12)))
    first, second = rng.sample(drawn_objects(), 2)
    traveller = Thing(first, rng.choice(STYLES), rng.uniform(70, 88))
    standing = Thing(second, rng.choice(STYLES), rng.uniform(70, 88))
    lane, shelf = (345.0, 125.0) if rng.random() < 0.5 else (125.0, 345.0)
    path = Path((105.0, lane), (535.0, lane), rng.uniform(20, 26), rng.uniform(0, 2))
    left, right = (130.0, 440.0), (500.0, 190.0)
    thing_x, sign_x = left if rng.random() < 0.5 else right
    text = rng.choice(WORDS)
    sign = Sign(text, (sign_x, shelf), rng.uniform(28, 34), 270.0, rng.random() < 0.35, rng.choice(FONTS))
    return Scene(seed, backdrop, traveller, path, standing, (thing_x, shelf), sign)
