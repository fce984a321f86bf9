"""Streams of events, however they are cut; what chunks say, and chunks that say nonsense."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.errors import EngineFailure
from askcam.engine.remote import deltas
from askcam.engine.remote.deltas import EventReader, read_chunk, read_logprobs, read_object, told

TEXTS = st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1), max_size=8)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(TEXTS, st.lists(st.integers(0, 10_000)), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_events_are_the_same_wherever_the_stream_is_cut(
    texts: list[str], cuts: list[int], end: str, comments: bool, whole: bool
) -> None:
    events = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    lines = [f"{': ping' + end if comments else ''}event: x{end}data: {event}{end}{end}" for event in events]
    data = "".join(lines).encode()
    if not whole and data:
        data = data[: -len(end)]  # without the last empty line
    stream = EventReader()
    found = [event for piece in pieces(data, cuts) for event in stream.feed(piece)]
    assert found + stream.finish() == events


def test_data_of_several_lines_is_one_event() -> None:
    stream = EventReader()
    assert stream.feed(b"data: a\ndata:b\n\ndata: [DONE]\n\n") == ["a\nb", "[DONE]"]


@pytest.mark.parametrize("line", [b"data: " + b"x" * 200, b"data: xxxxxxxx\n" * 20])
def test_an_event_without_an_end_is_not_kept(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deltas, "MAX_EVENT_BYTES", 100)
    stream = EventReader()
    with pytest.raises(EngineFailure, match="more than"):
        stream.feed(line)


def of(**delta: Any) -> deltas.AnswerDelta:
    return read_chunk(json.dumps({"choices": [{"delta": delta}]}))


def test_words_thoughts_and_calls_are_told_apart() -> None:
    assert of(content="cup").text == "cup"
    assert of(reasoning_content="hm").thought == of(reasoning="hm").thought == "hm"
    call = of(tool_calls=[{"index": 1, "function": {"name": "f", "arguments": '{"a"'}}]).calls
    assert call == (deltas.CallDelta(1, "f", '{"a"'),)
    assert of(tool_calls=[{"function": {"name": "f", "arguments": {"a": 1}}}]).calls[0].arguments == '{"a": 1}'
    assert not of(role="assistant", content="").says
    assert not of(content=None).says


def test_usage_is_told_by_a_chunk_without_choices() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    found = read_chunk(json.dumps({"choices": [], "usage": usage})).usage
    assert found is not None
    assert (found.prompt_tokens, found.cached_tokens, found.completion_tokens) == (9, 4, 3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('{"error": {"message": "the worker died"}}', "the worker died"),
        ('{"error": "out of memory"}', "out of memory"),
        ("{nonsense", "no JSON"),
        ("[1]", "list"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_a_chunk_that_tells_of_an_error_or_is_none_is_a_failure(data: str, said: str) -> None:
    with pytest.raises(EngineFailure, match=said):
        read_chunk(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "content",
                    "tool_calls",
                    "function",
                    "logprobs",
                    "top_logprobs",
                    "usage",
                    "token",
                    "bytes",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON, JSON)
def test_whatever_a_server_sends_is_read_or_a_failure(choice: Any, delta: Any, usage: Any) -> None:
    chunk = {"choices": [{"delta": delta, "logprobs": {"content": [choice]}}, choice], "usage": usage}
    read_chunk(json.dumps(chunk))
    read_chunk(json.dumps({"choices": choice, "usage": delta}))
    read_logprobs({"logprobs": {"content": choice}})
    read_logprobs({"logprobs": {"content": [{"top_logprobs": delta, "token": usage, "bytes": choice}]}})


def test_tokens_are_known_by_number_or_text() -> None:
    rows = [{"token": "token_id:655", "logprob": -0.5}, {"token": " Y", "logprob": -2, "bytes": [32, 89]}, {"token": 3}]
    one = read_logprobs({"logprobs": {"content": [{"token": "Y", "logprob": -1, "top_logprobs": rows}]}})[0]
    assert [(each.token, each.raw) for each in one.top] == [
        (655, b"token_id:655"), (deltas.UNTOLD, b" Y"), (deltas.UNTOLD, b""),
    ]  # fmt: skip
    assert one.top[2].logprob == deltas.LEAST


@pytest.mark.parametrize(
    "body", [{"error": {"message": "why"}}, {"error": "why"}, {"detail": "why"}, {"message": "why"}]
)
def test_servers_say_in_several_ways_what_is_wrong(body: dict[str, Any]) -> None:
    assert told(body) == "why"
    assert read_object(json.dumps(body)) == body
