"""Thoughts are told apart from answers, in whatever pieces they come, and nothing else is held back for long."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.calls import call_schema
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import build
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import JSON_OBJECT, Finished, Form, Message, Question, Role, Sampling, Text, Thought
from askcam.engine.text import AnswerText
from askcam.engine.thoughts import ThoughtSplit

CASES = [
    (True, "It is a cup.\n</think>\n\nA cup.", "It is a cup.", "A cup."),
    (True, "</think>\n\nA cup.", "", "A cup."),
    (True, "never over", "never over", ""),
    (True, "a < b </thin k>\n\n</think>no", "a < b </thin k>", "no"),
    (False, "A cup.", "", "A cup."),
    (False, "<think>\nhm\n</think>\n\nA cup.", "hm", "A cup."),
    (False, "<thinking> is <think>", "", "<thinking> is <think>"),
    (False, " <", "", " <"),
    (False, "A <think>cup</think>", "", "A <think>cup</think>"),
    (False, "", "", ""),
]


@pytest.mark.parametrize(("inside", "text", "thought", "answer"), CASES)
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_thought_and_answer(inside: bool, text: str, thought: str, answer: str, size: int) -> None:
    split = ThoughtSplit(inside)
    found = [split.feed(text[i : i + size]) for i in range(0, len(text), size)] + [split.finish()]
    assert ("".join(one for one, _ in found), "".join(one for _, one in found)) == (thought, answer)


@given(st.text(alphabet="</think>ab \n", max_size=40), st.booleans(), st.integers(1, 7))
def test_pieces_make_no_difference_and_no_marker_is_said(text: str, inside: bool, size: int) -> None:
    split = ThoughtSplit(inside)
    whole = split.feed(text)
    last = split.finish()
    split = ThoughtSplit(inside)
    found = [split.feed(text[i : i + size]) for i in range(0, len(text), size)] + [split.finish()]
    for which in (0, 1):
        assert "".join(one[which] for one in found) == whole[which] + last[which]
    assert "</think>" not in whole[0] + last[0]


def test_a_stop_string_in_a_thought_ends_nothing() -> None:
    text = AnswerText(lambda ids: "".join(map(chr, ids)), ("stop",), ThoughtSplit(True))
    told = ""
    for letter in "do I stop?</think>\nNo, I stop here":
        if not text.stopped:
            told += text.add(ord(letter))
    assert (text.thought(), told + text.finish()) == ("do I stop?", "No, I ")


def ask(thinking: bool, form: Form | None = None, tools: Any = ()) -> Question:
    way = Sampling(max_tokens=24, temperature=0, response_format=form, logprobs=0)
    return Question((Message(Role.USER, (Text("Who is there?"),)),), None, way, tools=tools, thinking=thinking)


@pytest.mark.parametrize("make", [build, PortableEngine])
def test_a_model_thinks_where_it_may(tiny: Callable[[str], Loaded], make: Any, heard: Any) -> None:
    engine = make(tiny("qwen3_5"), EngineConfig("tiny", kv_gb=0.05))
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    free = Form(None, call_schema([tool]), words=True)
    try:
        for thinking, form, tools, thinks in (
            (True, None, (), True),
            (False, None, (), False),
            (True, JSON_OBJECT, (), False),
            (True, free, (tool,), True),
        ):
            listener = heard()
            engine.ask(ask(thinking, form, tools), listener)
            events = listener.wait()
            last = events[-1]
            assert isinstance(last, Finished), last
            thought = "".join(event.text for event in events if isinstance(event, Thought))
            assert bool(thought) is thinks
            if thinks:  # a random model's thoughts never end
                assert (last.text, last.logprobs, last.usage.completion_tokens) == ("", (), 24)
            else:
                assert last.text
    finally:
        engine.close()


def test_no_question_that_is_scored_is_behind_an_open_thought(
    tiny: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch, heard: Any
) -> None:
    engine = build(tiny("qwen3_5"), EngineConfig("tiny", kv_gb=0.05))
    written: list[str] = []
    text = type(engine._words.template).text

    def write(self: Any, *given: Any, **more: Any) -> str:
        written.append(text(self, *given, **more))
        return written[-1]

    monkeypatch.setattr(type(engine._words.template), "text", write)
    try:
        listener = heard()
        engine.score([ask(True)], ["Yes", "No"], listener)
        listener.next()
    finally:
        engine.close()
    assert written
    assert all(one.endswith("<think>\n\n</think>\n\n") for one in written)
