"""Tool calls are read out of an answer's text however it is cut into pieces."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.calls import Call, CallParser, read_call

WORDS = "Let me look.\n"
CALL = '<tool_call>\n{"name": "lookup", "arguments": {"query": "red 苹果"}}\n</tool_call>'


def parsed(pieces: list[str]) -> list[str | tuple[str, str]]:
    parser = CallParser()
    found = [part for piece in pieces for part in parser.feed(piece)] + parser.finish()
    out: list[str | tuple[str, str]] = []
    for part in found:
        if isinstance(part, Call):
            out.append((part.name, part.arguments))
        elif out and isinstance(out[-1], str):
            out[-1] += part
        else:
            out.append(part)
    return out


def cut(text: str, places: set[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places} | {len(text)})
    return [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]


LOOKUP = ("lookup", '{"query": "red 苹果"}')


@given(st.sets(st.integers(0, 200), max_size=12))
def test_a_call_is_found_wherever_the_text_is_cut(places: set[int]) -> None:
    assert parsed(cut(WORDS + CALL + "\n" + CALL + "\nDone.", places)) == ["Let me look.", LOOKUP, LOOKUP, "Done."]


@given(st.text(alphabet="<tol_ca>/ \nx苹", max_size=40), st.sets(st.integers(0, 40), max_size=8))
def test_an_answer_without_calls_is_told_as_it_is(text: str, places: set[int]) -> None:
    if "<tool_call>" not in text:
        assert "".join(str(part) for part in parsed(cut(text, places))) == text


def test_words_are_told_at_once_unless_they_may_begin_a_call() -> None:
    parser = CallParser()
    assert parser.feed("It is a <b") == ["It is a <b"]
    assert parser.feed(" <tool") == []
    assert parser.feed("box>") == [" <toolbox>"]


def test_a_call_that_the_end_cut_off_is_read_if_its_json_is_whole() -> None:
    assert parsed(['<tool_call>{"name": "clock"}']) == [("clock", "{}")]
    parser = CallParser()
    parser.feed('<tool_call>{"name": "clo')
    (call,) = parser.finish()
    assert isinstance(call, Call)
    assert call.problem is not None
    assert "JSON" in call.problem


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{name: clock}", "not JSON"),
        ("[1]", "names no function"),
        ('{"arguments": {}}', "names no function"),
        ('{"name": "clock", "arguments": [1]}', "not a JSON object"),
        ('{"name": "clock", "arguments": "no"}', "not JSON"),
        ("[" * 100_000, "characters"),
        ("[" * 30_000, "not JSON"),
    ],
)
def test_what_is_no_call_says_so(body: str, says: str) -> None:
    assert says in (read_call(body).problem or "")


def test_arguments_written_as_text_are_read() -> None:
    call = read_call(json.dumps({"name": "lookup", "arguments": '{"query": "cup"}'}))
    assert call.problem is None
    assert call.values() == {"query": "cup"}


def test_every_call_has_an_id_of_its_own() -> None:
    assert read_call('{"name": "clock"}').id != read_call('{"name": "clock"}').id
