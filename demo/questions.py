"""The demo's three questions of a synthetic scene, with their true answers over any span of time. Pure.

Asked are the kinds of question that the built-in model was measured to answer right in at least 99 of 100 of these
scenes (docs/demo.md). Which three a seed gets is drawn from the seed; no seed is left out.
"""

import random
import re
from dataclasses import dataclass
from enum import StrEnum

from askcam.demo.objects import Drawn, drawn_objects
from askcam.demo.scene import BACKDROPS, Direction, Scene, make_scene

# How far, in pixels, the traveller must have come for its motion to be plain: below, the model misses some.
FAR_ACROSS, FAR_ALONG = 180.0, 125.0
SOON_S = 0.5  # between finding a window ready and the engine's look at it


class QuestionKind(StrEnum):
    """What a question is about."""

    DESCRIBE = "describe"  # the object and the sign's word
    READ = "read"  # the sign's word
    BACKGROUND = "background"  # its colour
    EXISTS = "exists"  # whether some object is there: yes or no
    MOVING = "moving"  # what moves, and which way
    MOTION = "motion"  # which way a named object moves


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """One question about a scene. Times are seconds since the epoch: the first and last frame that an answer saw."""

    text: str
    kind: QuestionKind
    scene: Scene
    about: Drawn  # the object that the question names; the traveller when it names none

    def ready(self, start_wall: float, end_wall: float) -> bool:
        """Whether frames of this span show what is asked for.

        A question about motion wants a plain one: some way gone, and no turn since the first frame, nor in the half
        second to come. Ask whenever this holds for the window as it is; of a window that grows and hops on (4 to 8 s)
        that comes true every few seconds.
        """
        if self.kind not in (QuestionKind.MOVING, QuestionKind.MOTION):
            return True
        path = self.scene.traveller.path
        far = FAR_ACROSS if path.across else FAR_ALONG
        return path.last_turn(end_wall + SOON_S) <= start_wall and abs(path.moved(start_wall, end_wall)) >= far

    def truth(self, start_wall: float, end_wall: float) -> str:
        """The right answer about what was to be seen between the two times.

        If the traveller turned in between, its direction is the one in which it got along all in all.
        """
        scene, name = self.scene, self.scene.traveller.drawn
        match self.kind:
            case QuestionKind.DESCRIBE:
                return f'I see {name.a} and a sign that says "{scene.sign.text}".'
            case QuestionKind.READ:
                return f'It says "{scene.sign.text}".'
            case QuestionKind.BACKGROUND:
                return f"The background is {scene.room.color}."
            case QuestionKind.EXISTS:
                return "Yes." if self.about == name else "No."
            case QuestionKind.MOVING:
                return f"Yes, the {name.en} is moving {self._towards(start_wall, end_wall)}."
            case QuestionKind.MOTION:
                return f"The {name.en} is moving {self._towards(start_wall, end_wall)}."

    def correct(self, answer: str, start_wall: float, end_wall: float) -> bool:
        """Whether `answer` says what is asked for, and nothing else of the sort.

        Asked for is the object's name, the word on the sign, the colour, yes or no, the direction; another object's
        name, another colour or direction beside the right one makes it wrong. Case and punctuation do not matter, so
        models with other turns of phrase can be judged too.
        """
        said = _plain(answer)
        if self.kind is QuestionKind.EXISTS:
            return said.split()[:1] == [_plain(self.truth(start_wall, end_wall))]
        facts = self._facts(start_wall, end_wall)
        return _says_only(said, [fact for fact, _ in facts], [other for _, others in facts for other in others])

    def _facts(self, start: float, end: float) -> list[tuple[str, list[str]]]:
        """What the answer must say, each with what it must not say instead."""
        scene = self.scene
        name = (scene.traveller.drawn.en, [drawn.en for drawn in drawn_objects() if drawn.en not in BACKDROPS])
        way = (scene.traveller.path.direction(start, end).value, [direction.value for direction in Direction])
        match self.kind:
            case QuestionKind.DESCRIBE:
                return [name, (scene.sign.text, [])]
            case QuestionKind.READ:
                return [(scene.sign.text, [])]
            case QuestionKind.BACKGROUND:
                return [(scene.room.color, list(BACKDROPS))]
            case QuestionKind.MOVING:
                return [name, way]
            case _:
                return [way]

    def _towards(self, start: float, end: float) -> str:
        way = self.scene.traveller.path.direction(start, end)
        return way.value if way in (Direction.UP, Direction.DOWN) else f"to the {way.value}"


def questions(seed: int) -> tuple[DemoQuestion, DemoQuestion, DemoQuestion]:
    """The three questions that the demo asks of `synthetic:seed`, in this order. The last needs the video."""
    scene = make_scene(seed)
    rng = random.Random(f"askcam questions {seed}")
    what = rng.choice((QuestionKind.DESCRIBE, QuestionKind.READ))
    which = rng.choice((QuestionKind.BACKGROUND, QuestionKind.EXISTS))
    motion = rng.choice((QuestionKind.MOVING, QuestionKind.MOTION))
    return ask(scene, what, rng), ask(scene, which, rng), ask(scene, motion, rng)


def ask(scene: Scene, kind: QuestionKind, rng: random.Random) -> DemoQuestion:
    """A question of one kind about a scene. `rng` chooses what a yes-or-no question asks after: half are there."""
    about = scene.traveller.drawn
    if kind is QuestionKind.EXISTS and rng.random() < 0.5:
        about = rng.choice(
            [drawn for drawn in drawn_objects() if drawn.en not in about.en and about.en not in drawn.en]
        )
    text = {
        QuestionKind.DESCRIBE: "What do you see?",
        QuestionKind.READ: "What does the sign say?",
        QuestionKind.BACKGROUND: "What color is the background?",
        QuestionKind.EXISTS: f"Is there {about.a}? Answer yes or no.",
        QuestionKind.MOVING: "What is moving?",
        QuestionKind.MOTION: f"Which way is the {about.en} moving?",
    }[kind]
    return DemoQuestion(text, kind, scene, about)


def _plain(text: str) -> str:
    """Lower case words with single spaces, nothing else."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _says_only(said: str, facts: list[str], others: list[str]) -> bool:
    """Whether `said` (plain) holds each of `facts`, in its own place, and apart from them none of `others`.

    Each in its own place, since a sign may say BOOK beside a book.
    """
    wanted = sorted(map(_plain, facts), key=len, reverse=True)
    for fact in wanted:
        said, num_found = re.subn(rf"\b{fact}\b", "", said, count=1)
        if not num_found:
            return False
    for fact in wanted:
        said = re.sub(rf"\b{fact}\b", "", said)
    return not any(re.search(rf"\b{_plain(other)}\b", said) for other in others)
