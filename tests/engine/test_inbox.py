"""The queue of waiting questions."""

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from askcam.engine.errors import Busy, EngineFailure
from askcam.engine.inbox import Inbox
from askcam.engine.question import Event, Failed, Finished, Reason, Scoring


def nobody(event: Event) -> None:
    raise AssertionError("an inbox calls nobody")


def test_first_come_first_served(about: Any) -> None:
    inbox = Inbox(3)
    tickets = [inbox.put(about(text), nobody, 1.0) for text in "abc"]
    taken = [inbox.take() for _ in tickets]
    assert [asked.ticket for asked in taken if asked] == tickets
    assert inbox.counts() == (0, 1)
    inbox.done()
    assert inbox.counts() == (0, 0)


def test_whoever_has_fewest_under_way_is_next(about: Any) -> None:
    inbox = Inbox(9)
    for asker in "aaabca":
        inbox.put(replace(about(asker), asker=asker), nobody, 1.0)
    taken = [inbox.poll() for _ in range(6)]
    assert [one.question.asker for one in taken if one] == ["a", "b", "c", "a", "a", "a"]
    assert taken[0] is not None
    assert taken[1] is not None
    inbox.over(taken[1])
    for asker in "ab":
        inbox.put(replace(about(asker), asker=asker), nobody, 1.0)
    fourth = inbox.poll()
    assert fourth is not None
    assert fourth.question.asker == "b"


def test_what_is_not_wanted_just_now_waits_and_what_is_behind_it_is_taken(about: Any) -> None:
    inbox = Inbox(9)
    for text in "abcb":
        inbox.put(about(text), nobody, 1.0)
    said = [inbox.poll(wanted=lambda asked: asked.question == about("b")) for _ in range(3)]
    assert [one and one.question for one in said] == [about("b"), about("b"), None]
    assert [one and one.question for one in (inbox.poll(), inbox.poll(), inbox.poll())] == [
        about("a"),
        about("c"),
        None,
    ]


def test_a_scoring_comes_after_all_questions_and_waits_while_none_is_wanted(about: Any) -> None:
    inbox = Inbox(9)
    scoring = Scoring((about("is it there?"),), ("yes", "no"))
    inbox.put(scoring, nobody, 1.0)
    inbox.put(about("a"), nobody, 1.0)
    taken = [inbox.poll(scorings=scorings) for scorings in (False, False, True, True)]
    assert [one and one.question for one in taken] == [about("a"), None, scoring, None]
    inbox.put(about("b"), nobody, 1.0)
    inbox.put(scoring, nobody, 1.0)
    taken = [inbox.poll(wanted=lambda asked: False), inbox.poll(), inbox.poll()]
    assert [one and one.question for one in taken] == [scoring, about("b"), None], "wanted is about questions"


def test_a_nudge_wakes_once() -> None:
    inbox = Inbox(1)
    inbox.nudge()
    inbox.wait(None)
    began = time.monotonic()
    inbox.wait(0.05)
    assert time.monotonic() - began >= 0.049


def test_a_full_queue_refuses_and_guesses_when_to_come_back(about: Any) -> None:
    inbox = Inbox(2)
    inbox.put(about("a"), nobody, 3.0)
    inbox.put(about("b"), nobody, 3.0)
    with pytest.raises(Busy, match="2 questions are waiting already; try again in 6 s") as caught:
        inbox.put(about("c"), nobody, 3.0)
    assert (caught.value.waiting, caught.value.retry_after_s) == (2, 6.0)
    assert inbox.counts() == (2, 0)


def test_a_cancelled_waiting_question_leaves_with_an_event(about: Any) -> None:
    inbox = Inbox(3)
    first, second = inbox.put(about("a"), nobody, 1.0), inbox.put(about("b"), nobody, 1.0)
    inbox.cancel(first)
    (gone,) = inbox.gone()
    assert gone.asked.ticket == first
    assert isinstance(gone.event, Finished)
    assert gone.event.reason is Reason.CANCELLED
    taken = inbox.take()
    assert taken is not None
    assert taken.ticket == second
    assert inbox.gone() == []


def test_cancelling_the_one_being_answered_marks_it(about: Any) -> None:
    inbox = Inbox(3)
    ticket = inbox.put(about("a"), nobody, 1.0)
    taken = inbox.take()
    assert taken is not None
    inbox.cancel(ticket + 1)
    assert not taken.cancelled
    inbox.cancel(ticket)
    assert taken.cancelled


def test_questions_about_a_removed_camera_fail_and_others_stay(about: Any) -> None:
    inbox = Inbox(3)
    inbox.put(about("a", camera="desk"), nobody, 1.0)
    kept = inbox.put(about("b", camera="lobby"), nobody, 1.0)
    error = RuntimeError("gone")
    inbox.fail("desk", error)
    (gone,) = inbox.gone()
    assert isinstance(gone.event, Failed)
    assert gone.event.error is error
    taken = inbox.take()
    assert taken is not None
    assert taken.ticket == kept


def test_close_cancels_everything_and_wakes_the_taker(about: Any) -> None:
    inbox = Inbox(3)
    taken: list[Any] = []
    thread = threading.Thread(target=lambda: taken.append(inbox.take()))
    thread.start()
    inbox.close()
    thread.join(60)
    assert taken == [None]
    with pytest.raises(EngineFailure, match="closed"):
        inbox.put(about("a"), nobody, 1.0)


def test_close_cancels_the_waiting_and_the_current(about: Any) -> None:
    inbox = Inbox(3)
    inbox.put(about("a"), nobody, 1.0)
    current = inbox.take()
    inbox.put(about("b"), nobody, 1.0)
    inbox.close()
    assert current is not None
    assert current.cancelled
    assert [type(gone.event) for gone in inbox.gone()] == [Finished]
