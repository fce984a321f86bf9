"""What answers name."""

import pytest

from askcam.server.language.things import key, mentions, same, things


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("An apple appeared.", ["An apple"]),
        ("A goat and a canoe appeared.", ["A goat", "a canoe"]),
        ("A goat, two canoes and an old man have just appeared!", ["A goat", "two canoes", "an old man"]),
        ("A black and white cat appeared.", ["A black and white cat"]),
        ("A man in a red shirt walked in.", ["A man in a red shirt walked in"]),
        ("- a dog\n- a cat", ["a dog", "a cat"]),
        ("An apple and an apple appeared.", ["An apple"]),
        ("The drum disappeared.", ["The drum"]),
        ("Nothing new appeared.", []),
        ("nothing", []),
        ("No new objects appeared in the video.", []),
        ("There is nothing new.", []),
        ("I don't see anything new.", []),
        ("A notebook appeared.", ["A notebook"]),
        ("", []),
        ("一个苹果出现了。", ["一个苹果"]),
        ("一只猫、一个苹果和两条鱼出现了。", ["一只猫", "一个苹果", "两条鱼"]),
        ("出现了一只猫。", ["一只猫"]),
        ("一双和服出现了。", ["一双和服"]),
        ("没有新的东西出现。", []),
        ("没有东西消失。", []),
    ],
)
def test_things(answer: str, named: list[str]) -> None:
    assert things(answer) == named


def test_an_answer_that_goes_round_in_circles_is_cut() -> None:
    assert len(things(", ".join(f"a thing{k}" for k in range(100)))) == 12


def test_a_thing_is_known_by_more_than_one_name() -> None:
    assert key("An Apple.") == key("the apple") == "apple"
    assert key("一个苹果") == key("个苹果")


def test_a_scene_mentions_whole_words_only() -> None:
    assert mentions("I see a car and a trash can.", "a trash can")
    assert not mentions("I see a cart.", "a car")
    assert mentions("我看到一个苹果。", "苹果")


def test_case_and_punctuation_do_not_make_another_scene() -> None:
    assert same("I see a car.", "i see a car")
    assert not same("I see a car.", "I see a cart.")
