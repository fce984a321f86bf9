"""An answer as it grows out of deltas: its events, and what makes it none. No server in here."""

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.calls import Call, CallParser
from askcam.engine.errors import EngineFailure, Stale, TooSlow
from askcam.engine.inbox import Asked
from askcam.engine.question import (
    Event,
    Finished,
    First,
    Message,
    Piece,
    Question,
    Reason,
    Role,
    Sampling,
    Text,
    Thought,
    TokenLogprob,
    Usage,
)
from askcam.engine.question import Timings as Times
from askcam.engine.remote import answer as module
from askcam.engine.remote.answer import StreamedAnswer, written
from askcam.engine.remote.deltas import AnswerDelta, CallDelta
from askcam.stream.frame import Frame
from askcam.stream.window import Pair, View

END = AnswerDelta(reason="stop")


class Heard:
    """An answer, and what it has told."""

    def __init__(self, *, age_s: float | None = None, capture_s: float = 0.0, max_age_s: float = 1.0, **sampling: Any):
        self.events: list[Event] = []
        view = None
        if age_s is not None:
            frame = Frame("lobby", 1, time.time(), time.monotonic() - age_s, np.zeros((28, 28, 3), np.uint8))
            view = View("lobby", 1, 0, 2.0, (Pair(0, frame, frame),), provisional=True)
        question = Question(
            (Message(Role.USER, (Text("?"),)),),
            None if view is None else "lobby",
            Sampling(**sampling),
            max_age_s=max_age_s,
        )
        asked = Asked(1, question, lambda event: None, time.monotonic())
        self.answer = StreamedAnswer(asked, question, view, lambda _, event: self.events.append(event), capture_s)

    def take(self, *deltas: AnswerDelta) -> "Heard":
        for delta in deltas:
            self.answer.take(delta)
        return self

    def finish(self, **how: bool) -> Finished:
        return self.answer.finish(Usage(vision_tokens=7), Times(), **how)

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def says(text: str) -> AnswerDelta:
    return AnswerDelta(text=text)


@pytest.mark.parametrize(("capture_s", "kind"), [(1.4, Stale), (0.1, TooSlow)])
def test_frames_that_are_too_old_at_the_first_word_are_never_answered_from(capture_s: float, kind: type[Stale]) -> None:
    heard = Heard(age_s=1.5, capture_s=capture_s)
    heard.take(AnswerDelta(), AnswerDelta(usage=Usage()))  # which say nothing yet
    with pytest.raises(Stale) as caught:
        heard.take(says("cup"))
    assert type(caught.value) is kind
    assert heard.events == []


def test_the_age_is_that_of_the_first_word() -> None:
    heard = Heard(age_s=400.0, capture_s=100.0, max_age_s=1000.0).take(says("cup"), END)
    (first,) = heard.told(First)
    assert first.frame_age_s == pytest.approx(400.0, abs=60.0)
    assert first.engine_s == pytest.approx(first.frame_age_s - 100.0)


WORDS = st.lists(st.text(min_size=1, max_size=6), max_size=12)


@given(WORDS)
def test_the_text_is_all_that_was_said(words: list[str]) -> None:
    heard = Heard().take(*map(says, words), END)
    last = heard.finish()
    assert "".join(piece.text for piece in heard.told(Piece)) == last.text
    if "<" not in last.text and "\ufffd" not in last.text:
        assert last.text == "".join(words)


@given(st.lists(st.sampled_from(["a", "b", "st", "op", "stop", "s"]), max_size=12))
def test_an_answer_ends_before_its_stop_string_wherever_that_is_cut(words: list[str]) -> None:
    heard = Heard(stop=("stop",))
    for word in words:
        heard.take(says(word))
    last = heard.take(END).finish()
    assert last.text == "".join(words).partition("stop")[0]
    assert heard.answer.over is ("stop" in "".join(words))


def test_a_thought_is_told_apart_however_it_comes() -> None:
    for deltas in (
        [AnswerDelta(thought="hm "), AnswerDelta(thought="so"), says("cup")],
        [says("<thi"), says("nk>hm "), says("so</th"), says("ink>\n\ncup")],
    ):
        heard = Heard().take(*deltas, END)
        last = heard.finish()
        assert last.text == "cup"
        assert "".join(one.text for one in heard.told(Thought)).split() == ["hm", "so"]


def test_logprobs_come_with_the_words_that_they_are_of() -> None:
    def of(*texts: str) -> AnswerDelta:
        return AnswerDelta(text="".join(texts), logprobs=tuple(TokenLogprob(-1, t, t.encode(), -0.5) for t in texts))

    heard = Heard(logprobs=0, stop=("END",)).take(of("a", " cup"), of("E"), of("N"), of("x"), END)
    last = heard.finish()
    assert [one.text for one in last.logprobs] == ["a", " cup", "E", "N", "x"]
    assert [[one.text for one in piece.logprobs] for piece in heard.told(Piece)] == [["a", " cup"], ["E", "N", "x"]]


@pytest.mark.parametrize(("reason", "means"), [("stop", "stop"), ("length", "length"), ("tool_calls", "stop")])
def test_why_it_ended_is_what_the_server_says(reason: str, means: str) -> None:
    last = Heard().take(says("cup"), AnswerDelta(reason=reason)).finish()
    assert last.reason is Reason(means)


@pytest.mark.parametrize("reason", ["abort", "error", "content_filter"])
def test_an_answer_that_is_none_is_a_failure(reason: str) -> None:
    with pytest.raises(EngineFailure, match="no whole answer"):
        Heard().take(says("cup"), AnswerDelta(reason=reason))


def test_an_answer_without_an_end_is_a_failure_unless_nobody_wants_it() -> None:
    with pytest.raises(EngineFailure, match="no finish_reason"):
        Heard().take(says("cup")).finish()
    last = Heard().take(says("cup")).finish(cancelled=True)
    assert (last.reason, last.text) == (Reason.CANCELLED, "cup")


def test_what_it_took_is_what_the_server_says() -> None:
    usage = Usage(prompt_tokens=90, cached_tokens=40, completion_tokens=5)
    last = Heard().take(says("a cup"), END, AnswerDelta(usage=usage)).finish()
    assert last.usage == Usage(90, 7, 40, 5)
    assert Heard().take(says("a"), says("cup"), END).finish().usage.completion_tokens == 2  # a delta each, else


ARGUMENTS: list[Callable[[], str]] = [
    lambda: "{}",
    lambda: '{"a": "</tool_call><tool_call>"}',
    lambda: '{"a": [1, {"b": "汉字"}]}',
    lambda: "",
]


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_a_call_is_read_as_it_was_meant(arguments: Callable[[], str]) -> None:
    given_ = arguments()
    halves = (CallDelta(0, "weather", given_[:3]), CallDelta(0, "", given_[3:]), CallDelta(1, "clock", "{}"))
    last = Heard().take(says("wait"), *(AnswerDelta(calls=(one,)) for one in halves), END).finish()
    parser = CallParser()
    words, *calls = [*parser.feed(last.text), *parser.finish()]
    assert words == "wait"
    assert all(isinstance(call, Call) and call.problem is None for call in calls)
    assert [(call.name, dict(call.values())) for call in calls if isinstance(call, Call)] == [
        ("weather", json.loads(given_ or "{}")), ("clock", {}),
    ]  # fmt: skip


def test_a_call_that_cannot_be_read_is_told_as_such() -> None:
    (call,) = CallParser().feed(written("weather", '{"a": '))
    assert isinstance(call, Call)
    assert call.problem is not None


def test_there_is_a_bound_to_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CALLS", 3)
    monkeypatch.setattr(module, "MAX_CALL_CHARS", 10)
    heard = Heard().take(*(AnswerDelta(calls=(CallDelta(n, "f", "{}"),)) for n in range(3)))
    with pytest.raises(EngineFailure, match="more than 3"):
        heard.take(AnswerDelta(calls=(CallDelta(3, "f", "{}"),)))
    heard = Heard().take(AnswerDelta(calls=(CallDelta(0, "f", "x" * 10),)))
    with pytest.raises(EngineFailure, match="more than"):
        heard.take(AnswerDelta(calls=(CallDelta(0, "", "x"),)))
