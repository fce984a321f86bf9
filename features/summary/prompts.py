"""What each segment is asked, and the words around the answers, by language. Pure.

The questions are plain ones, of a few words each: the built-in model was trained on them, and any Qwen2-VL takes them.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class PromptKind(StrEnum):
    """What can happen."""

    APPEARED = "appeared"
    DISAPPEARED = "disappeared"


@dataclass(frozen=True, slots=True)
class Prompts:
    """One language's questions, and its phrases for the summary as a whole ({} is what is filled in)."""

    scene: str
    happened: dict[PromptKind, str]
    came: dict[PromptKind, str]  # "{} appeared", of one thing
    at_first: str
    at_the_end: str
    throughout: str
    counted: str  # how many appeared, how many disappeared
    nothing: str
    events_title: str
    scenes_title: str
    summary_title: str
    gaps: str
    question: str | None = None  # a user's own, whose answers are shown instead of the scenes


ENGLISH = Prompts(
    scene="What do you see?",
    happened={PromptKind.APPEARED: "What appeared?", PromptKind.DISAPPEARED: "What disappeared?"},
    came={PromptKind.APPEARED: "{} appeared", PromptKind.DISAPPEARED: "{} disappeared"},
    at_first="At first: {}",
    at_the_end="At the end: {}",
    throughout="All the time: {}",
    counted="Appeared: {}. Disappeared: {}.",
    nothing="Nothing appeared or disappeared.",
    events_title="What happened",
    scenes_title="What was to be seen",
    summary_title="In short",
    gaps="Not looked at: {}.",
)
CHINESE = Prompts(
    scene="你看到了什么？",
    happened={PromptKind.APPEARED: "出现了什么？", PromptKind.DISAPPEARED: "什么东西消失了？"},
    came={PromptKind.APPEARED: "{}出现了", PromptKind.DISAPPEARED: "{}消失了"},
    at_first="开始时：{}",
    at_the_end="结束时：{}",
    throughout="始终：{}",
    counted="出现 {} 次，消失 {} 次。",
    nothing="没有东西出现或消失。",
    events_title="发生了什么",
    scenes_title="看到了什么",
    summary_title="概要",
    gaps="未查看：{}。",
)


def prompts_in(language: str, question: str | None = None) -> Prompts:
    """The questions in a language. English and Chinese have their own; any other is asked for in English."""
    code = re.split("[-_]", language.strip().casefold())[0]
    if code in ("zh", "chinese", "中文"):
        return replace(CHINESE, question=question)
    if code in ("en", "english"):
        return replace(ENGLISH, question=question)
    told = f" Answer in {language}."
    happened = {kind: f"{text} If nothing did, answer only: Nothing.{told}" for kind, text in ENGLISH.happened.items()}
    came = {
        PromptKind.APPEARED: "+ {}",
        PromptKind.DISAPPEARED: "- {}",
    }  # in a language whose grammar is not known here
    return replace(ENGLISH, scene=ENGLISH.scene + told, happened=happened, came=came, question=question)
