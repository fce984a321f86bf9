"""What a model is asked for a note, and the words around its answers, by language. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from askcam.features.summary.prompts import PromptKind, prompts_in
from askcam.features.timeline.names import listed, named

MAX_SENTENCE = 300  # characters


@dataclass(frozen=True, slots=True)
class NotePrompts:
    """One language's. `came` and `went` are for one thing, "{} appeared"; `seen` for all that is there."""

    things: str  # what is to be seen
    names: Callable[[str], tuple[str, ...]]  # in the answer to it
    sentence: str | None  # what happens; None: the model is not asked
    num_pairs: int  # of frames that it is shown, the newest last
    came: str
    went: str
    seen: str
    nothing: str
    between: str  # names
    full_stop: str


def note_prompts(language: str, plain: bool) -> NotePrompts:
    """`plain`: the one question that the built-in model was trained on, about a picture that rests. Others are asked
    for a list and a sentence, in English or Chinese; in any other language, in English, to be answered in it."""
    own = prompts_in(language)
    chinese = re.split("[-_]", language.strip().casefold())[0] in ("zh", "chinese", "中文")
    came, went = own.came[PromptKind.APPEARED], own.came[PromptKind.DISAPPEARED]
    if chinese:
        words = ("可见：{}", "什么也看不到", "、", "。")
        things = "列出画面中的人和物，用逗号分隔，不要写别的。如果什么都没有，只回答：没有。"
        sentence = "用一句简短的话说明画面中正在发生什么。"
    else:
        words = ("To be seen: {}", "Nothing is to be seen", ", ", ".")
        things = "List the people and things that can be seen, separated by commas, and nothing else. "
        things += "If there is nothing, answer only: Nothing."
        sentence = "In one short sentence: what is happening?"
        if "Answer in" in own.scene:
            told = own.scene.partition("?")[2]
            things, sentence = things + told, sentence + told
    if plain:
        return NotePrompts(own.scene, named, None, 1, came, went, *words)
    return NotePrompts(things, listed, sentence, 4, came, went, *words)


def sentence_of(answer: str) -> str:
    """One line of it, and not a long one."""
    flat = " ".join(answer.split())
    return flat if len(flat) <= MAX_SENTENCE else f"{flat[: MAX_SENTENCE - 1]}…"
