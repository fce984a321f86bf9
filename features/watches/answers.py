"""Which first tokens of an answer mean what, and how likely a watch's answer follows from them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from askcam.features.watches.comparing import any_of
from askcam.features.watches.errors import CannotBeScored
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.server.answering.yes_or_no import MIN_SHARE, Single, yes_no_words
from askcam.server.language.chinese import is_chinese

ONE_TO_NINE = "one two three four five six seven eight nine"
# Beside numerals. Only those that are one token: of a longer one nothing but its beginning would be heard.
NUMBERS = {
    "en": {"zero": 0, **{word: i for i, word in enumerate(ONE_TO_NINE.split(), 1)}},
    "zh": {"零": 0, "两": 2, **{word: i for i, word in enumerate("一二三四五六七八九", 1)}},
}
# What a question is given, so that a crowd of 12 is not answered with a 1 and a 2.
UP_TO = {
    "en": " Answer with one number from 0 to {most}; {most} stands for {most} or more.",
    "zh": "只用0到{most}中的一个数字回答，{most}表示{most}或更多。",
}
MAX_NUMBER = 99
MIN_SHARE_OF_NUMBERS = 0.5  # some numbers may be said in a sentence, others alone: "No people." against "3"


@dataclass(frozen=True, slots=True)
class YesOrNo:
    """One reading. `share` is how much of the model's whole distribution the watch's words have."""

    probability: float  # of those that turn the watch on, among the watch's words
    answer: str  # the likeliest: "yes", "no", a choice, or a number
    share: float
    expected: float | None = None  # of a number: the mean over all that are likely


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """Of one watch: one-token words by what they mean."""

    meaning: Mapping[str, str]  # word -> "yes", "no", the choice itself, or a number
    on: frozenset[str]  # meanings that turn it on
    numbers: bool = False  # whether meanings are numbers
    ending: str = ""  # what the question is given, so that it is answered with these words

    @property
    def min_share(self) -> float:
        """So much of all first tokens must be among these words, else the model answers something else."""
        return MIN_SHARE_OF_NUMBERS if self.numbers else MIN_SHARE

    def read(self, probabilities: Mapping[str, float]) -> YesOrNo:
        """From the probability of each word as the answer's first token."""
        sums: dict[str, float] = {}
        for word, meaning in self.meaning.items():
            sums[meaning] = sums.get(meaning, 0.0) + probabilities[word]
        share = sum(sums.values())
        likely = sum(sums[meaning] for meaning in self.on)
        mean = sum(int(one) * sums[one] for one in sums) / share if self.numbers and share > 0 else None
        return YesOrNo(likely / share if share > 0 else 0.0, max(sums, key=lambda one: sums[one]), share, mean)


def words(setting: WatchSetting, single: Single) -> AnswerWords:
    """What a watch listens for. Raises CannotBeScored when this model's tokens do not allow it."""
    if setting.kind is Kind.CHOICE:
        known = set(single(setting.choices))
        for choice in setting.choices:
            if choice not in known:
                raise CannotBeScored(
                    f"the choice {choice!r} is not one token of this model, so its probability cannot be read off; "
                    "use a shorter or a more common word, and mind the case: 'Red' and 'red' are two tokens",
                    "choices",
                )
        return AnswerWords({choice: choice for choice in setting.choices}, frozenset(setting.on_when))
    if setting.kind is Kind.NUMBER:
        return _numbers(setting, single)
    meaning = yes_no_words(setting.question, single)
    lacks = [word for word in ("yes", "no") if word not in meaning.values()]
    if lacks:
        other = "English" if is_chinese(setting.question) else "Chinese"
        raise CannotBeScored(
            f"this model has no single token for {lacks[0]} in the question's language: ask in {other}, or with "
            "kind = 'choice' and choices that it has",
            "question",
        )
    return AnswerWords(meaning, frozenset({"yes"}))


def _numbers(setting: WatchSetting, single: Single) -> AnswerWords:
    numerals = [str(number) for number in range(MAX_NUMBER + 1)]
    known = set(single(numerals))
    most = next((number - 1 for number in range(MAX_NUMBER + 1) if str(number) not in known), MAX_NUMBER)
    if most < 1:
        raise CannotBeScored("this model has no single tokens for numbers: ask with kind = 'choice'", "kind")
    holds = any_of(setting.on_when)
    on = {str(number) for number in range(most + 1) if holds(number)}
    if not 0 < len(on) <= most:
        raise CannotBeScored(
            f"on_when = {', '.join(setting.on_when)} holds for {'every' if on else 'no'} number from 0 to {most}, and "
            f"those are all that are one token of this model ({most} stands for {most} or more): compare with others",
            "on_when",
        )
    language = "zh" if is_chinese(setting.question) else "en"
    spelled, ending = NUMBERS[language], UP_TO[language].format(most=most)
    names = spelled | {word.capitalize(): number for word, number in spelled.items()}
    meaning = {word: str(names[word]) for word in single(list(names)) if names[word] <= most}
    numbers = {numeral: numeral for numeral in numerals[: most + 1]} | meaning
    return AnswerWords(numbers, frozenset(on), numbers=True, ending=ending)
