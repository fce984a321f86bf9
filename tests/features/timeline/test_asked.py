"""What a search or a question is after, without a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.demo.objects import drawn_objects
from askcam.features.timeline.query import QueryTurn, read
from askcam.server.language.fulltext import tokens


@pytest.mark.parametrize(
    ("query", "words", "turn"),
    [
        ("van", "van", None),
        ("red van", "red van", None),
        ("when did the van leave?", "van", QueryTurn.WENT),
        ("When did the gift box disappear?", "gift box", QueryTurn.WENT),
        ("when was the cup taken away", "cup", QueryTurn.WENT),
        ("has the cat gone?", "cat", QueryTurn.WENT),
        ("what time did the apple appear", "apple", QueryTurn.CAME),
        ("When did a man come in?", "man", QueryTurn.CAME),
        ("苹果什么时候离开的？", "苹果", QueryTurn.WENT),
        ("什么时候出现了一个苹果？", "苹果", QueryTurn.CAME),
        ("红色的车几点来的", "红色的车", QueryTurn.CAME),
        ("那个苹果是什么时候离开的？", "苹果", QueryTurn.WENT),
        ("杯子不见了吗", "杯子", QueryTurn.WENT),
        ("what happened?", "", None),
        ("发生了什么？", "", None),
    ],
)
def test_questions_are_read(query: str, words: str, turn: QueryTurn | None) -> None:
    found = read(query)
    assert (found.words, found.turn) == (tuple(tokens(words)) if words else (), turn)


def test_the_first_time_is_asked_for_from_the_beginning() -> None:
    assert read("when did the cat first appear?").oldest_first
    assert read("苹果第一次出现是什么时候？").oldest_first
    assert not read("when did the cat appear?").oldest_first


@given(st.sampled_from(drawn_objects()), st.booleans())
def test_english_names_survive_being_asked_about(drawn: object, came: bool) -> None:
    """All words, but those of coming and going; no name is lost whole."""
    name = drawn.en  # type: ignore[attr-defined]
    found = read(f"When did the {name} {'appear' if came else 'leave'}?")
    assert found.turn is (QueryTurn.CAME if came else QueryTurn.WENT)
    assert set(found.words) <= set(tokens(name))
    assert found.words


@pytest.mark.parametrize(
    "asked", ["{}什么时候离开的？", "{}是什么时候离开的", "{}几点走了？", "什么时候那个{}不见了？"]
)
def test_chinese_names_are_left_as_they_are(asked: str) -> None:
    lost = [drawn.zh for drawn in drawn_objects() if not_whole(drawn.zh, asked)]
    assert lost == []


def not_whole(name: str, asked: str) -> bool:
    found = read(asked.format(name))
    return found.turn is not QueryTurn.WENT or list(found.words) != tokens(name)


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_it(query: str) -> None:
    assert all(word for word in read(query).words)
