"""Which tokens mean yes, and what a distribution over them says."""

from collections.abc import Callable, Sequence

import pytest

from askcam.features.watches.answers import words
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire


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
    with pytest.raises(Refusal, match=word) as refused:
        words(asked, lambda given: [one for one in given if one in single])
    assert (on_wire(refused.value).status, refused.value.code, refused.value.param) == (400, "cannot_be_scored", param)


def test_no_share_at_all_is_no_probability() -> None:
    found = words(setting("Open?"), all_single)
    assert found.read(dict.fromkeys(found.meaning, 0.0)).share == 0


def number(question: str, *on_when: str) -> WatchSetting:
    return WatchSetting(question, ("lobby",), Kind.NUMBER, (), on_when)


def digits(given: Sequence[str]) -> list[str]:
    return [one for one in given if len(one) == 1 or one in ("two")]


def test_a_number_is_a_distribution_and_the_condition_has_the_share_of_those_that_meet_it() -> None:
    found = words(number("How many people queue?", ">= 5"), digits)
    chances = dict.fromkeys(found.meaning, 0.0) | {"2": 0.1, "two": 0.1, "5": 0.2, "7": 0.2, "0": 0.2}
    answer = found.read(chances)
    assert (answer.probability, answer.share) == (pytest.approx(0.5), pytest.approx(0.8))
    assert answer.expected == pytest.approx((2 * 0.2 + 5 * 0.2 + 7 * 0.2) / 0.8)
    assert answer.answer in {"0", "2", "5", "7"}
    assert found.read(chances | {"5": 0.3}).answer == "5"


def test_numbers_are_heard_in_the_words_of_the_question() -> None:
    english, chinese = (words(number(each, "= 2"), digits).meaning for each in ("How many?", "有几个人？"))
    assert english == {str(i): str(i) for i in range(10)} | {"two": "2"}
    assert (chinese["两"], chinese["二"], chinese["零"]) == ("2", "2", "0")
    assert "two" not in chinese


def test_a_crowd_is_the_last_number_and_not_its_first_digit() -> None:
    english, chinese = (words(number(each, "= 2"), digits).ending for each in ("How many?", "有几个人？"))
    assert english == " Answer with one number from 0 to 9; 9 stands for 9 or more."
    assert chinese == "只用0到9中的一个数字回答，9表示9或更多。"
    assert words(number("How many?", "= 2"), lambda given: given).ending.endswith("99 stands for 99 or more.")
    assert words(setting("Open?"), all_single).ending == ""


@pytest.mark.parametrize(
    ("on_when", "single", "param", "word"),
    [
        (">= 12", digits, "on_when", "no number from 0 to 9"),
        (">= 0", digits, "on_when", "every number from 0 to 9"),
        ("= 2", lambda given: [one for one in given if one in "012"], "", ""),
        (">= 3", lambda given: [one for one in given if one in "012"], "on_when", "0 to 2"),
        (">= 3", lambda given: [one for one in given if one != "1"], "kind", "no single tokens for numbers"),
    ],
)
def test_numbers_that_are_not_one_token_cannot_be_compared_with(
    on_when: str, single: Callable[[Sequence[str]], Sequence[str]], param: str, word: str
) -> None:
    if not param:
        assert words(number("?", on_when), single).on == {"2"}
        return
    with pytest.raises(Refusal, match=word) as refused:
        words(number("?", on_when), single)
    assert (refused.value.code, refused.value.param) == ("cannot_be_scored", param)
