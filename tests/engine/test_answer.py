"""One answer as it grows, without a model."""

from collections.abc import Sequence
from typing import Any

import pytest

from askcam.engine.answer import Answer
from askcam.engine.errors import Stale
from askcam.engine.inbox import Asked
from askcam.engine.question import Event, Finished, First, Piece, Question, Reason, Timings, Usage
from askcam.engine.text import AnswerText

END = 0


def words(ids: Sequence[int]) -> str:
    return "".join(f"{i} " for i in ids if i != END)


def make(question: Question, view: Any = None, stop: Sequence[str] = ()) -> tuple[Answer, Asked, list[Event]]:
    events: list[Event] = []
    asked = Asked(1, question, events.append, at=0.0)
    return (
        Answer(asked, question, view, AnswerText(words, stop), {END}, lambda who, event: who.tell(event)),
        asked,
        events,
    )


def ended(answer: Answer) -> Finished:
    return answer.finish(Usage(completion_tokens=answer.num_tokens), Timings())


def test_an_end_token_ends_it_and_what_comes_late_is_not_taken(about: Any) -> None:
    answer, _, events = make(about("?"))
    assert [answer.take(token) for token in (7, 8, END, 9)] == [False, False, True, True]
    finished = ended(answer)
    assert (finished.reason, finished.text, finished.usage.completion_tokens) == (Reason.STOP, "7 8 ", 3)
    assert [type(event) for event in events] == [First, Piece, Piece]


def test_it_runs_on_until_the_engine_stops_it(about: Any) -> None:
    answer, _, _ = make(about("?"))
    assert not any(answer.take(token) for token in (1, 2, 3))
    assert ended(answer).reason is Reason.LENGTH


def test_a_stop_string_beats_a_cancel(about: Any) -> None:
    answer, asked, _ = make(about("?"), stop=["2"])
    answer.take(1)
    asked.cancelled = True
    assert answer.take(2)
    assert (ended(answer).reason, ended(answer).text) == (Reason.STOP, "1 ")


def test_a_cancel_ends_it_with_what_it_has(about: Any) -> None:
    answer, asked, _ = make(about("?"))
    answer.take(1)
    asked.cancelled = True
    assert answer.take(2)
    finished = ended(answer)
    assert (finished.reason, finished.text) == (Reason.CANCELLED, "1 2 ")


def test_frames_too_old_at_the_first_token_end_it_before_a_word(view_of: Any, about: Any) -> None:
    question = Question(about("?").messages, "lobby", max_age_s=0.0)
    answer, _, events = make(question, view_of(28, 28, 2))
    with pytest.raises(Stale):
        answer.take(1)
    assert events == []
