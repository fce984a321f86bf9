"""A camera before which known objects come and go at known times: a pure function of a seed, for ever after `begin`.

Three objects have a place each; each is away and there by turns. A fourth one never comes. What is to be seen at a
moment, and when that changes, is the truth that watches are measured against.
"""

import bisect
import random
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from askcam.demo.drawings import STYLES, sprite
from askcam.demo.objects import Drawn, drawn_objects
from askcam.demo.render import placed, scaled, wall
from askcam.demo.scene import BACKDROPS, make_scene
from askcam.stream.frame import Pixels

PLACES = ((125.0, 150.0), (320.0, 330.0), (515.0, 150.0))  # none is before another
STAYS_S = (14.0, 40.0)  # a thing is there, or away, for so long: longer than any window
FAR_S = 4000.0  # how far ahead is scripted


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on (seconds since the epoch) the object is there, or is not."""

    at: float
    there: bool


@dataclass(frozen=True)
class Script:
    """`begin`: seconds since the epoch; nothing is there until some seconds later."""

    seed: int
    begin: float

    @cached_property
    def objects(self) -> tuple[Drawn, ...]:
        """Those of the three places, and the one that never comes."""
        names = [drawn for drawn in drawn_objects() if drawn.en not in BACKDROPS]
        return tuple(random.Random(f"askcam script {self.seed}").sample(names, len(PLACES) + 1))

    @cached_property
    def changes(self) -> tuple[tuple[Change, ...], ...]:
        """Of each object, in order of time."""
        return (*map(self._changes, range(len(PLACES))), ())

    def _changes(self, place: int) -> tuple[Change, ...]:
        chance = random.Random(f"askcam script {self.seed} {place}")
        now, there, found = chance.uniform(*STAYS_S), False, []
        while now < FAR_S:
            there = not there
            found.append(Change(self.begin + round(now, 2), there))
            now += chance.uniform(*STAYS_S)
        return tuple(found)

    def there(self, number: int, at: float) -> bool:
        """Whether an object is there at the moment."""
        past = bisect.bisect_right(self.changes[number], at, key=lambda change: change.at)
        return past > 0 and self.changes[number][past - 1].there

    def at(self, moment: float) -> Pixels:
        """The picture: (480, 640, 3) uint8 RGB. Its light flickers a little, or it would count as frozen."""
        shown = tuple(place for place in range(len(PLACES)) if self.there(place, moment))
        return np.minimum(self.picture(shown), 240) + np.uint8(4 * (int(moment * 10) % 3))

    @cached_property
    def _pictures(self) -> dict[tuple[int, ...], Pixels]:
        return {}

    def picture(self, shown: tuple[int, ...]) -> Pixels:
        """With the objects of these places, before its light flickers."""
        if shown not in self._pictures:
            canvas = wall(make_scene(self.seed).room)
            for place in shown:
                chance = random.Random(f"askcam script {self.seed} {place} looks")
                side = round(2 * chance.uniform(64, 80))
                drawing = scaled(sprite(chance.choice(STYLES), self.objects[place].index), side, side)
                drawing, rows, columns = placed(drawing, PLACES[place])
                canvas[rows, columns] = canvas[rows, columns] * (1 - drawing[..., 3:]) + drawing[..., :3]
            self._pictures[shown] = np.rint(canvas).clip(0, 255).astype(np.uint8)
        return self._pictures[shown]


def record(script: Script, path: Path, seconds: float, fps: int = 5) -> None:
    """The first seconds of it as H.264, in the container that the suffix names."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = script.at(script.begin).shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "veryfast", "crf": "20"}
        for number in range(round(seconds * fps)):
            pixels = script.at(script.begin + number / fps)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def labels(script: Script, number: int, seconds: float) -> str:
    """When the object is there in such a recording, as CSV."""
    times = [0.0, *(change.at - script.begin for change in script.changes[number]), seconds]
    ends = [min(one, seconds) for one in times]
    rows = [f"{a:.2f},{b:.2f},{'true' if i % 2 else 'false'}" for i, (a, b) in enumerate(pairwise(ends))]
    return "\n".join(["start,end,label", *(row for row in rows if row.split(",")[0] != row.split(",")[1])]) + "\n"
