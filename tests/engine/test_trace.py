"""What an answer can be repeated from, through the door of each backend."""

from dataclasses import replace
from typing import Any

import pytest

from askcam.engine.question import Finished, First, Trace


def traced(engine: Any, heard: Any, question: Any) -> tuple[Trace, Finished]:
    listener = heard()
    engine.ask(replace(question, trace=True), listener)
    events = listener.wait()
    (first,) = (event for event in events if isinstance(event, First))
    assert first.trace is not None
    assert isinstance(events[-1], Finished)
    return first.trace, events[-1]


@pytest.mark.parametrize(
    "sampling",
    [{}, {"temperature": 2.0, "max_tokens": 12}, {"temperature": 1.5, "repetition_penalty": 1.3, "top_p": 0.9}],
    ids=str,
)
def test_an_answer_comes_again_from_what_it_told(
    engine: Any, camera: Any, about: Any, heard: Any, sampling: dict[str, Any]
) -> None:
    asked = about("What do you see?", **sampling)
    trace, finished = traced(engine, heard, asked)
    assert (trace.sampling.seed is None) == (not sampling)
    assert trace.sampling == replace(asked.sampling, seed=trace.sampling.seed)
    assert len(trace.prompt) == finished.usage.prompt_tokens
    assert len(finished.tokens) == finished.usage.completion_tokens
    again, same = traced(engine, heard, replace(asked, sampling=trace.sampling))
    assert same.tokens == finished.tokens
    assert again.prompt.tolist() == trace.prompt.tolist()
    assert again.sampling == trace.sampling


def test_no_more_tokens_are_promised_than_there_is_room_for(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    trace, _ = traced(engine, heard, about("What do you see?", max_tokens=10_000_000))
    assert 1 < trace.sampling.max_tokens <= engine.info.context_tokens - len(trace.prompt)


def test_a_stop_string_leaves_the_tokens_that_it_cut_off(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    _, whole = traced(engine, heard, about("What do you see?"))
    _, cut = traced(engine, heard, about("What do you see?", stop=(whole.text[3:5],)))
    assert cut.text == whole.text[: whole.text.index(whole.text[3:5])]
    assert cut.tokens == whole.tokens[: len(cut.tokens)]
    assert 0 < len(cut.tokens) < len(whole.tokens)
