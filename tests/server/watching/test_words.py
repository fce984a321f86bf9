"""Which tokens mean yes, and what a distribution over them says."""

from collections.abc import Sequence

import pytest

from askcam.server.errors import ApiError
from askcam.server.watching.setting import Kind, WatchSetting
from askcam.server.watching.words import words


def all_single(given: Sequence[str]) -> Sequence[str]:
    return given


def setting(question: str, *choices: str) -> WatchSetting:
    if choices:
        return WatchSetting(question, ("lobby",), Kind.CHOICE, choices, choices[:1])
    return WatchSetting(question, ("lobby",))


def test_the_probability_is_of_yes_among_yes_and_no_in_all_their_spellings() -> None:
    found = words(setting("Is it open?"), all_single)
    chances = dict.fromkeys(found.meaning, 0.0) | {"Yes": 0.3, "yes": 0.1, "No": 0.1}
    answer = found.read(chances)
    assert (answer.probability, answer.answer, answer.share) == (pytest.approx(0.8), "yes", pytest.approx(0.5))


def test_a_chinese_question_is_answered_in_chinese() -> None:
    meaning = words(setting("有人吗？"), all_single).meaning
    assert (meaning["有"], meaning["没有"], meaning["是的"], meaning["不是"]) == ("yes", "no", "yes", "no")
    assert "Yes" not in meaning


def test_only_words_of_one_token_count() -> None:
    assert words(setting("Open?"), lambda given: [word for word in given if word in ("Yes", "No")]).meaning == {
        "Yes": "yes",
        "No": "no",
    }


def test_a_choice_is_as_likely_as_those_that_turn_it_on() -> None:
    found = words(WatchSetting("?", ("a",), Kind.CHOICE, ("red", "green", "blue"), ("red", "blue")), all_single)
    answer = found.read({"red": 0.1, "green": 0.2, "blue": 0.1})
    assert (answer.probability, answer.answer) == (pytest.approx(0.5), "green")


@pytest.mark.parametrize(
    ("asked", "single", "param", "word"),
    [
        (setting("Which?", "crimson red", "blue"), ["blue"], "choices", "'crimson red' is not one token"),
        (setting("Open?"), ["Yes"], "question", "no single token for no"),
        (setting("有人吗？"), [], "question", "no single token for yes"),
    ],
)
def test_what_cannot_be_scored_is_refused(asked: WatchSetting, single: list[str], param: str, word: str) -> None:
    with pytest.raises(ApiError, match=word) as refused:
        words(asked, lambda given: [one for one in given if one in single])
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, "cannot_be_scored", param)


def test_no_share_at_all_is_no_probability() -> None:
    found = words(setting("Open?"), all_single)
    assert found.read(dict.fromkeys(found.meaning, 0.0)).share == 0
