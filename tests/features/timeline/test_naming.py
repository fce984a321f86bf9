"""From answers to names, and from two lists of names to what came and went; then to notes in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.timeline.names import changes, listed, named, same
from askcam.features.timeline.note import describe
from askcam.features.timeline.prompts import note_prompts

NAMES = st.lists(st.sampled_from(["an apple", "two apples", "a cup", "a red van", "一只猫", "两个苹果"]), max_size=6)


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("I see an apple and a lamp.", ("an apple", "a lamp")),
        ("I see a bow and arrow, two dogs and a cup.", ("a bow and arrow", "two dogs", "a cup")),
        ("I don't see any objects.", ()),
        ("There is nothing.", ()),
        ("There are three cats.", ("three cats",)),
        ("我看到了一只猫和一个苹果。", ("一只猫", "一个苹果")),
        ("我没有看到任何物体。", ()),
        ("", ()),
    ],
)
def test_a_sentence_names_its_things(answer: str, names: tuple[str, ...]) -> None:
    assert named(answer) == names


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("A man, a red car, and two dogs.", ("A man", "a red car", "two dogs")),
        ("- man\n- red car", ("man", "red car")),
        ("1. man\n2. car\n", ("man", "car")),
        ("Nothing.", ()),
        ("人、红色的车，狗", ("人", "红色的车", "狗")),
        ("没有。", ()),
        ("car, a car, cars", ("car",)),
        ("car, " + "it goes on and on " * 10, ("car",)),
    ],
)
def test_a_list_names_its_things(answer: str, names: tuple[str, ...]) -> None:
    assert listed(answer) == names


def test_what_came_and_went_is_told_in_the_words_of_each_answer() -> None:
    change = changes(("an apple", "a cup"), ("two apples", "A Lamp"))
    assert (change.came, change.went) == (("A Lamp",), ("a cup",))


@given(NAMES, NAMES)
def test_changes_lead_from_one_list_to_the_other(before: list[str], now: list[str]) -> None:
    change = changes(before, now)
    was, is_ = set(map(same, before)), set(map(same, now))
    assert (was | set(map(same, change.came))) - set(map(same, change.went)) == is_
    assert bool(change) is (was != is_)
    back = changes(now, before)
    assert (set(map(same, back.came)), set(map(same, back.went))) == (
        set(map(same, change.went)),
        set(map(same, change.came)),
    )


def test_a_note_says_what_came_what_went_and_what_is_there() -> None:
    note = describe("lobby", (1.0, 2.0), ("a cup",), ("an apple",), "", note_prompts("en", plain=True))
    assert note is not None
    assert note.text == "An apple appeared. A cup disappeared. To be seen: an apple."
    assert (note.came, note.went, note.names) == (("an apple",), ("a cup",), ("an apple",))
    chinese = describe("lobby", (1.0, 2.0), ("一个杯子",), (), "", note_prompts("zh", plain=True))
    assert chinese is not None
    assert chinese.text == "一个杯子消失了。什么也看不到。"


def test_the_same_again_is_no_news_but_what_happens_is() -> None:
    words = note_prompts("en", plain=False)
    assert describe("lobby", (1.0, 2.0), ("a cup",), ("the cup",), "", words) is None
    first = describe("lobby", (1.0, 2.0), None, ("a cup",), "", words)
    assert first is not None
    assert (first.text, first.came) == ("To be seen: a cup.", ())
    told = describe("lobby", (1.0, 2.0), ("a cup",), ("a cup",), "Someone pours tea.", words)
    assert told is not None
    assert told.text == "Someone pours tea. To be seen: a cup."


def test_other_languages_are_asked_for() -> None:
    words = note_prompts("Deutsch", plain=False)
    assert "Answer in Deutsch." in words.things
    assert words.sentence is not None
    assert "Answer in Deutsch." in words.sentence
