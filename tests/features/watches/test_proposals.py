"""What waits for a yes: bounded, for a while, under a name that is free."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.watches.confirm import asked_for_yes, free_name
from askcam.features.watches.proposals import KEPT_S, MAX_PROPOSALS, Proposals
from askcam.features.watches.setting import WatchSetting
from askcam.server.toml_file import NAME

SETTING = WatchSetting("Is there an apple?", ("desk",))


def numbered() -> Proposals:
    counter = itertools.count()
    return Proposals(lambda: f"p{next(counter)}")


def test_one_waits_until_it_is_dropped_or_too_old() -> None:
    proposals = numbered()
    first = proposals.add("apple", SETTING, "ans_1", 0.0)
    second = proposals.add("door", None, "ans_2", 100.0)
    assert proposals.get("p0", 100.0) is first
    assert proposals.names(100.0) == {"apple"}  # "door" is to be removed, so its name is not taken by a proposal
    assert proposals.get("p0", KEPT_S) is None
    assert proposals.get("p1", KEPT_S) is second
    proposals.drop("p1")
    assert proposals.get("p1", KEPT_S) is None


def test_an_id_that_waits_already_is_not_given_twice() -> None:
    ids = iter(["a", "a", "a", "b"])
    proposals = Proposals(lambda: next(ids))
    assert [proposals.add(name, SETTING, "ans_1", 0.0).id for name in ("x", "y")] == ["a", "b"]


def test_of_too_many_at_once_the_oldest_go() -> None:
    proposals = numbered()
    added = [proposals.add("x", SETTING, "ans_1", 0.0).id for _ in range(MAX_PROPOSALS + 3)]
    assert [each for each in added if proposals.get(each, 0.0) is not None] == added[3:]


@given(st.lists(st.sampled_from([0.0, 1.0, 150.0]), max_size=150))
def test_there_are_never_too_many_and_the_oldest_goes(pauses: list[float]) -> None:
    proposals, now, added = numbered(), 0.0, []
    for pause in pauses:
        now += pause
        added.append(proposals.add("x", SETTING, "ans_1", now))
        waiting = [each for each in added if proposals.get(each.id, now) is not None]
        assert waiting == [each for each in added if now - each.at < KEPT_S][-MAX_PROPOSALS:]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Is there an apple on the desk? Answer yes or no.", "apple-desk"),
        ("IS THE DOOR OPEN?", "door-open"),
        ("有苹果吗？", "watch"),
        ("Is there any of it?", "watch"),
        ("a very long question about " + "x" * 100, "very-long-question-about"),
    ],
)
def test_a_name_is_made_of_the_question(question: str, name: str) -> None:
    assert free_name(question, ()) == name
    assert free_name(question, {name, f"{name}-2"}) == f"{name}-3"


@given(st.text(max_size=300))
def test_any_question_gives_a_name_that_a_watch_may_have(question: str) -> None:
    assert NAME.fullmatch(free_name(question, {"watch"}))


def test_a_question_is_made_one_that_is_answered_with_yes_or_no() -> None:
    assert asked_for_yes(" Is the door open? ") == "Is the door open? Answer yes or no."
    assert asked_for_yes("Is it open? Say yes or no.") == "Is it open? Say yes or no."
    assert asked_for_yes("有人吗？") == "有人吗？"
