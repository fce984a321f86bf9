"""What a search or a question is after, without a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.demo.objects import drawn_objects
from askcam.server.catalogue.words import tokens
from askcam.server.timeline.asked import Turn, read


@pytest.mark.parametrize(
    ("query", "words", "turn"),
    [
        ("van", "van", None),
        ("red van", "red van", None),
        ("when did the van leave?", "van", Turn.WENT),
        ("When did the gift box disappear?", "gift box", Turn.WENT),
        ("when was the cup taken away", "cup", Turn.WENT),
        ("has the cat gone?", "cat", Turn.WENT),
        ("what time did the apple appear", "apple", Turn.CAME),
        ("When did a man come in?", "man", Turn.CAME),
        ("苹果什么时候离开的？", "苹果", Turn.WENT),
        ("什么时候出现了一个苹果？", "苹果", Turn.CAME),
        ("红色的车几点来的", "红色车", Turn.CAME),
        ("杯子不见了吗", "杯子", Turn.WENT),
        ("what happened?", "", None),
        ("发生了什么？", "", None),
    ],
)
def test_questions_are_read(query: str, words: str, turn: Turn | None) -> None:
    found = read(query)
    assert (found.words, found.turn) == (tuple(tokens(words)) if words else (), turn)


def test_the_first_time_is_asked_for_from_the_beginning() -> None:
    assert read("when did the cat first appear?").oldest_first
    assert read("苹果第一次出现是什么时候？").oldest_first
    assert not read("when did the cat appear?").oldest_first


@given(st.sampled_from(drawn_objects()), st.booleans())
def test_most_names_survive_being_asked_about(drawn: object, came: bool) -> None:
    """Of any word of a name that is left, the name is found; no name is lost whole."""
    name = drawn.en  # type: ignore[attr-defined]
    found = read(f"When did the {name} {'appear' if came else 'leave'}?")
    assert found.turn is (Turn.CAME if came else Turn.WENT)
    assert set(found.words) <= set(tokens(name))
    assert found.words


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_it(query: str) -> None:
    assert all(word for word in read(query).words)
