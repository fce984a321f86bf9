"""How likely yes is, from the probability of each word as an answer's first token. Pure."""

from collections.abc import Callable, Mapping, Sequence

from askcam.server.language.chinese import is_chinese

YES = {"en": ("Yes", "yes", "YES"), "zh": ("是", "是的", "有", "对", "在")}
NO = {"en": ("No", "no", "NO"), "zh": ("不", "不是", "没有", "没", "否")}
LIKELY = 0.5  # from here on it is rather yes than no
MIN_SHARE = 0.2  # so much of all first tokens must be among these words, else the model answers something else

Single = Callable[[Sequence[str]], Sequence[str]]  # engine.interface.Engine.single


def yes_no_words(question: str, single: Single) -> Mapping[str, str]:
    """Those that are one token of the model, in the question's language: word -> "yes" or "no", of which there may be
    none."""
    language = "zh" if is_chinese(question) else "en"
    return dict.fromkeys(single(YES[language]), "yes") | dict.fromkeys(single(NO[language]), "no")


def likely_yes(meaning: Mapping[str, str], probabilities: Mapping[str, float]) -> tuple[float, float]:
    """The probability of yes among the words, and their share of the model's whole distribution."""
    share = sum(probabilities[word] for word in meaning)
    yes = sum(probabilities[word] for word, means in meaning.items() if means == "yes")
    return (yes / share if share > 0 else 0.0), share
