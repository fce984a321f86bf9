"""The demo's questions of a synthetic scene, with their true answers over any span of time. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from askcam.demo.scene import Scene, make_scene


def _plain(text: str) -> str:
    return re.sub(r"[^\w ]+", "", text.casefold()).strip()


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """One question. Times are seconds since the epoch, the first and last frame that the answer saw."""

    text: str
    kind: str
    _truth: Callable[[float, float], str]

    def truth(self, start_wall: float, end_wall: float) -> str:
        """The right answer about what was seen between the two times."""
        return self._truth(start_wall, end_wall)

    def correct(self, answer: str, start_wall: float, end_wall: float) -> bool:
        """Whether `answer` is the right one, but for case and punctuation."""
        return _plain(answer) == _plain(self.truth(start_wall, end_wall))


def questions(seed: int) -> tuple[DemoQuestion, ...]:
    """The three questions that the demo asks of `synthetic:seed`."""
    return _questions(make_scene(seed))


def _questions(scene: Scene) -> tuple[DemoQuestion, ...]:
    name = scene.traveller.drawn.en
    sign, wall = scene.sign.text, scene.backdrop.name
    return (
        DemoQuestion(
            f"Which way is the {name} moving?",
            "motion",
            lambda start, end: f"The {name} is moving {_towards(scene, start, end)}.",
        ),
        DemoQuestion("What does the sign say?", "read", lambda start, end: f'It says "{sign}".'),
        DemoQuestion("What color is the background?", "bg", lambda start, end: f"The background is {wall}."),
    )


def _towards(scene: Scene, start: float, end: float) -> str:
    direction = scene.path.direction(start, end).value
    return direction if direction in ("up", "down") else f"to the {direction}"
