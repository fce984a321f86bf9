"""What is before the synthetic camera, and where it is at any moment. Pure: a function of the seed and the time.

A plain coloured room, a sign with a word on it, and one drawn object that travels to and fro at a steady pace. Times
are seconds since the epoch, so any process that knows the seed knows the truth about any span of time.

The ranges below are not taste alone. They keep to what the built-in model was trained on (one object and a sign, sizes,
colours) and to what it was measured to be sure of: see docs/demo.md.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

from askcam.demo.drawings import STYLES
from askcam.demo.objects import Drawn, drawn_objects

WIDTH, HEIGHT = 640, 480  # pixels

BACKDROPS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "red": ((200, 40, 40),),
    "orange": ((240, 140, 30),),
    "yellow": ((245, 220, 60),),
    "green": ((90, 180, 60), (50, 160, 70)),
    "blue": ((90, 160, 230), (50, 100, 210)),
    "purple": ((130, 60, 180),),
    "pink": ((245, 160, 190),),
    "brown": ((120, 80, 50),),
    "black": ((35, 35, 38),),
    "white": ((240, 241, 243),),
    "gray": ((128, 128, 130), (150, 150, 152)),
}
# Words that the model read without a slip in these fonts and sizes; many short ones (NO, MON, TWO) it misreads.
WORDS = (
    *("BANK", "BOOK", "BREAD", "CAFE", "CASH", "COFFEE", "EMAIL", "FREE", "GAME", "GATE"),
    *("HELLO", "HOTEL", "LEMON", "LIVE", "LOVE", "MILK", "MODEL", "MOVIE", "OPEN", "PARK", "PEACE"),
    *("PHONE", "PLAY", "POST", "PULL", "QUIET", "RICE", "ROBOT", "SALE", "SHOP", "SMILE", "SNOW", "SOUP"),
    *("STOP", "SUNNY", "TAXI", "TEAM", "VIDEO", "WATER"),
)
# A window of at most 8 pairs at 2 fps starts anew every 4 s and is then 4 s long. Legs a little longer than twice that
# hold at least one such window whole; much longer ones would be too slow for the model to see that anything moves.
LEG_S = (9.0, 9.6)
FONTS = ("sign-bold.ttf", "sign-black.ttf")


class Direction(StrEnum):
    """Which way something moves, as the viewer sees it."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Path:
    """To and fro between two points, along a row or a column, at a steady pace. Points in pixels."""

    start: tuple[float, float]
    end: tuple[float, float]
    leg_s: float  # seconds from one turn to the next
    phase: float  # legs done at time 0, in 0..2

    @property
    def across(self) -> bool:
        """Along a row."""
        return self.start[1] == self.end[1]

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

    def last_turn(self, t: float) -> float:
        """The time of the last turn at or before `t`."""
        return t - self._legs(t) % 1.0 * self.leg_s

    def moved(self, start: float, end: float) -> float:
        """How far it got from `start` to `end`, all in all, in pixels: to the right or down is positive."""
        (x0, y0), (x1, y1) = self.at(start), self.at(end)
        return (x1 - x0) + (y1 - y0)

    def direction(self, start: float, end: float) -> Direction:
        """Which way it got along between two times, all in all; at one moment, which way it is going."""
        moved = self.moved(start, end) if end > start else self.moved(end - 0.01, end)
        if self.across:
            return Direction.RIGHT if moved > 0 else Direction.LEFT
        return Direction.DOWN if moved > 0 else Direction.UP


@dataclass(frozen=True, slots=True)
class Traveller:
    """The object that moves. `half` is half its longer side in pixels."""

    drawn: Drawn
    style: str
    half: float
    path: Path


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
class Room:
    """A wall and a floor of one colour, and how the light falls across them."""

    color: str
    rgb: tuple[int, int, int]
    light: tuple[float, float]  # change of brightness from left to right and from top to bottom, as a share
    floor_y: float  # pixels from the top
    floor_shade: float  # the floor's brightness, as a share of the wall's


@dataclass(frozen=True, slots=True)
class Scene:
    """All that one seed stands for."""

    seed: int
    room: Room
    sign: Sign
    traveller: Traveller


def make_scene(seed: int) -> Scene:
    """The scene of a seed: the same everywhere and for ever."""
    rng = random.Random(f"askcam scene {seed}")
    room = _room(rng)
    if rng.random() < 0.7:  # across, below the sign or above it
        half = rng.uniform(66, 86)
        lane, sign_y = (345.0, 118.0) if rng.random() < 0.7 else (125.0, 350.0)
        ends = ((half + 10, lane), (WIDTH - 10 - half, lane))
        center, max_width = (rng.uniform(235, 405), sign_y), 400.0
    else:  # up and down, beside the sign
        half = rng.uniform(62, 76)
        lane, sign_x = (125.0, 420.0) if rng.random() < 0.5 else (515.0, 220.0)
        ends = ((lane, half + 8), (lane, HEIGHT - 8 - half))
        center, max_width = (sign_x, rng.uniform(150, 330)), 350.0
    path = Path(*ends, rng.uniform(*LEG_S), rng.uniform(0, 2))
    traveller = Traveller(rng.choice(drawn_objects()), rng.choice(STYLES), half, path)
    brightness = sum(room.rgb) / 3
    dark = brightness > 200 or (brightness > 90 and rng.random() < 0.35)
    sign = Sign(rng.choice(WORDS), center, rng.uniform(34, 44), max_width, dark, rng.choice(FONTS))
    return Scene(seed, room, sign, traveller)


def _room(rng: random.Random) -> Room:
    color = rng.choice(list(BACKDROPS))
    light = (rng.uniform(-0.15, 0.15), rng.uniform(-0.15, 0.15))
    shade = 0.92 if color in ("white", "gray") else rng.choice((0.88, 0.92, 1.08))  # lighter, gray is white to it
    return Room(color, rng.choice(BACKDROPS[color]), light, rng.uniform(335, 400), shade)
