"""One answer as it grows, without a model."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.answer import Answer
from askcam.engine.errors import Stale
from askcam.engine.inbox import Asked
from askcam.engine.question import (
    Event,
    Finished,
    First,
    Piece,
    Question,
    Reason,
    Sampling,
    Timings,
    TokenLogprob,
    Usage,
)
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


@given(
    st.lists(st.text(alphabet="ab红🚀", max_size=6), max_size=12),
    st.lists(st.text(alphabet="ab红", min_size=1, max_size=4), max_size=2),
    st.data(),
)
def test_logprobs_come_with_the_text_that_their_tokens_begin_in(words: list[str], stop: list[str], data: Any) -> None:
    """Any text cut into tokens anywhere, inside characters too; some of them special; stop strings or none."""
    text = "".join(words)
    whole = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=20))) if len(whole) > 1 else []
    parts = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True) if whole]
    for at in data.draw(st.lists(st.integers(0, len(parts)), max_size=2)):
        parts.insert(at, b"")  # a special token

    def decode(ids: Sequence[int]) -> str:
        return b"".join(parts[i] for i in ids).decode(errors="replace")

    question = Question((), sampling=Sampling(logprobs=0))
    events: list[Event] = []
    asked = Asked(1, question, events.append, at=0.0)
    answer = Answer(asked, question, None, AnswerText(decode, stop), {END - 1}, lambda who, event: who.tell(event))
    taken = 0
    for token, part in enumerate(parts):
        taken += 1
        if answer.take(token, TokenLogprob(token, part.decode(errors="replace"), part or None, -1.0)):
            break
    finished = ended(answer)

    begins: dict[int, int] = {}  # token: the character that it begins in
    at = 0
    for token, part in enumerate(parts):
        if part:
            begins[token] = len(whole[:at].decode(errors="ignore"))
        at += len(part)
    told = 0
    for piece in (event for event in events if isinstance(event, Piece)):
        want = [token for token, start in begins.items() if told <= start < told + len(piece.text) and token < taken]
        assert [one.token for one in piece.logprobs] == want
        told += len(piece.text)
    assert told == len(finished.text)
    assert [one.token for one in finished.logprobs] == [token for token, start in begins.items() if start < told]


def told(parts: Sequence[str | bytes], stop: Sequence[str] = ()) -> tuple[str, list[tuple[str, str]]]:
    """The text of an answer of such tokens, and each piece with the tokens whose logprobs come with it."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    events: list[Event] = []
    question = Question((), sampling=Sampling(logprobs=0))
    asked = Asked(1, question, events.append, at=0.0)
    text = AnswerText(lambda ids: b"".join(raw[i] for i in ids).decode(errors="replace"), stop)
    answer = Answer(asked, question, None, text, (), lambda who, event: who.tell(event))
    for token, part in enumerate(raw):
        if answer.take(token, TokenLogprob(token, "", part, -1.0)):
            break
    finished = ended(answer)
    pieces = [event for event in events if isinstance(event, Piece)]
    assert finished.logprobs == tuple(one for piece in pieces for one in piece.logprobs)
    return finished.text, [(piece.text, "".join(str(one.token) for one in piece.logprobs)) for piece in pieces]


def test_logprobs_wait_with_the_text_that_may_become_a_stop_string() -> None:
    assert told("aaaab", stop=["aab"]) == ("aa", [("a", "0"), ("a", "1")])
    assert told("aaaac", stop=["aab"]) == ("aaaac", [("a", "0"), ("a", "1"), ("aac", "234")])
    assert told(["one", " EN", "D two"], stop=["END"]) == ("one ", [("one", "0"), (" ", "1")])  # a token cut in two
    assert told(["a", "EN"], stop=["END"]) == ("aEN", [("a", "0"), ("EN", "1")])


def test_logprobs_of_a_character_s_tokens_come_with_it_or_not_at_all() -> None:
    red = "红".encode()
    assert told(["a", red[:1], red[1:2], red[2:]]) == ("a红", [("a", "0"), ("红", "123")])
    assert told(["a", red[:1], red[1:2]]) == ("a", [("a", "0")])
    assert told([b"a" + red[:1], red[1:] + b"b"], stop=["红"]) == ("a", [("a", "0")])


def test_the_token_that_ends_an_answer_has_no_logprob_in_it() -> None:
    question = Question((), sampling=Sampling(logprobs=0))
    answer, _, events = make(question)
    for token in (7, END):
        answer.take(token, TokenLogprob(token, str(token), b"?", -0.5))
    assert [one.token for one in ended(answer).logprobs] == [7]
    assert [[one.token for one in event.logprobs] for event in events if isinstance(event, Piece)] == [[7]]
