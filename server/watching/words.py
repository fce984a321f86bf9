"""Which first tokens of an answer mean what, and how likely a watch's answer follows from them. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from askcam.server.errors import ApiError, bad_request
from askcam.server.watching.setting import Kind, WatchSetting

CHINESE = re.compile(r"[\u4e00-\u9fff]")
YES = {"en": ("Yes", "yes", "YES"), "zh": ("是", "是的", "有", "对", "在")}
NO = {"en": ("No", "no", "NO"), "zh": ("不", "不是", "没有", "没", "否")}
MIN_SHARE = 0.2  # of all first tokens must be among the watch's words, else the model answers something else

Single = Callable[[Sequence[str]], Sequence[str]]  # engine.door.Engine.single


@dataclass(frozen=True, slots=True)
class Answer:
    """One reading. `share` is how much of the model's whole distribution the watch's words have."""

    probability: float  # of those that turn the watch on, among the watch's words
    answer: str  # the likeliest: "yes", "no", or a choice
    share: float


@dataclass(frozen=True, slots=True)
class Words:
    """Of one watch: one-token words by what they mean."""

    meaning: Mapping[str, str]  # word -> "yes", "no", or the choice itself
    on: frozenset[str]  # meanings that turn it on

    def read(self, probabilities: Mapping[str, float]) -> Answer:
        """From the probability of each word as the answer's first token."""
        sums: dict[str, float] = {}
        for word, meaning in self.meaning.items():
            sums[meaning] = sums.get(meaning, 0.0) + probabilities[word]
        share = sum(sums.values())
        likely = sum(sums[meaning] for meaning in self.on)
        return Answer(likely / share if share > 0 else 0.0, max(sums, key=lambda one: sums[one]), share)


def words(setting: WatchSetting, single: Single) -> Words:
    """What a watch listens for. Raises ApiError 400 `cannot_be_scored` when this model's tokens do not allow it."""
    if setting.kind is Kind.CHOICE:
        known = set(single(setting.choices))
        for choice in setting.choices:
            if choice not in known:
                raise cannot_be_scored(
                    f"the choice {choice!r} is not one token of this model, so its probability cannot be read off; "
                    "use a shorter or a more common word, and mind the case: 'Red' and 'red' are two tokens",
                    "choices",
                )
        return Words({choice: choice for choice in setting.choices}, frozenset(setting.on_when))
    language = "zh" if CHINESE.search(setting.question) else "en"
    yes, no = single(YES[language]), single(NO[language])
    if not yes or not no:
        raise cannot_be_scored(
            f"this model has no single token for {'yes' if not yes else 'no'} in the question's language: ask in "
            f"{'English' if language == 'zh' else 'Chinese'}, or with kind = 'choice' and choices that it has",
            "question",
        )
    return Words(dict.fromkeys(yes, "yes") | dict.fromkeys(no, "no"), frozenset({"yes"}))


def cannot_be_scored(message: str, param: str) -> ApiError:
    return bad_request(message, param, "cannot_be_scored")
