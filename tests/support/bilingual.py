"""The demo's kinds of question in English and in Chinese, with the truth, and which language an answer is in."""

import random
import re
from dataclasses import dataclass

from askcam.demo.objects import drawn_objects
from askcam.demo.questions import DemoQuestion, QuestionKind, ask
from askcam.demo.scene import Direction, Scene

COLORS = {
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "blue": "蓝色",
    "purple": "紫色",
    "pink": "粉色",
    "brown": "棕色",
    "black": "黑色",
    "white": "白色",
    "gray": "灰色",
}
WAYS = {Direction.LEFT: "向左", Direction.RIGHT: "向右", Direction.UP: "向上", Direction.DOWN: "向下"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LETTERS = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question; `english` knows the truth whatever the language."""

    language: str
    text: str
    english: DemoQuestion

    def correct(self, answer: str, start: float, end: float) -> bool:
        """Whether it says what is asked for and nothing else of the sort. Times are of the frames that it saw."""
        if self.language == "en":
            return self.english.correct(answer, start, end)
        if self.english.kind is QuestionKind.EXISTS:
            there = self.english.about == self.english.scene.traveller.drawn
            return (re.match(r"(没有|有)", answer) or [""])[0] == ("有" if there else "没有")
        rest = answer
        for fact in self._facts(start, end):
            if fact not in rest:
                return False
            rest = rest.replace(fact, "", 1)
        return not any(other in rest for other in self._others())

    def _facts(self, start: float, end: float) -> list[str]:
        scene = self.english.scene
        name, way = scene.traveller.drawn.zh, WAYS[scene.traveller.path.direction(start, end)]
        return {
            QuestionKind.DESCRIBE: [name, scene.sign.text],
            QuestionKind.READ: [scene.sign.text],
            QuestionKind.BACKGROUND: [COLORS[scene.room.color]],
            QuestionKind.MOVING: [name, way],
            QuestionKind.MOTION: [way],
        }[self.english.kind]

    def _others(self) -> list[str]:
        """What must not stand beside the facts. Names of one sign are parts of other words."""
        match self.english.kind:
            case QuestionKind.BACKGROUND:
                return list(COLORS.values())
            case QuestionKind.MOTION:
                return list(WAYS.values())
            case QuestionKind.MOVING:
                return [*WAYS.values(), *_names()]
            case QuestionKind.DESCRIBE:
                return _names()
            case _:
                return []

    def in_its_language(self, answer: str) -> bool:
        """No word of the other language, but for the one on the sign."""
        rest = answer.replace(self.english.scene.sign.text, "")
        chinese, letters = bool(CHINESE.search(rest)), bool(LETTERS.search(rest))
        return (chinese, letters) == ((False, True) if self.language == "en" else (True, False))


def question(scene: Scene, kind: QuestionKind, language: str, rng: random.Random) -> Asked:
    """`rng` chooses what a yes-or-no question asks after."""
    english = ask(scene, kind, rng)
    if language == "en":
        return Asked("en", english.text, english)
    text = {
        QuestionKind.DESCRIBE: "你看到了什么？",
        QuestionKind.READ: "牌子上写着什么？",
        QuestionKind.BACKGROUND: "背景是什么颜色？",
        QuestionKind.EXISTS: f"有{english.about.zh}吗？只回答有或没有。",
        QuestionKind.MOVING: "什么在移动？",
        QuestionKind.MOTION: f"{english.about.zh}在往哪个方向移动？",
    }[kind]
    return Asked("zh", text, english)


def _names() -> list[str]:
    return [drawn.zh for drawn in drawn_objects() if len(drawn.zh) > 1 and drawn.zh not in COLORS.values()]
