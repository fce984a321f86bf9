"""Streaming text: whole characters, stop strings over token borders. By a toy byte decoder and the real tokenizer."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from askcam.engine.text import AnswerText


def from_bytes(ids: Sequence[int]) -> str:
    """A tokenizer whose tokens are bytes; 0 is special."""
    return bytes(i for i in ids if i).decode("utf-8", errors="replace")


def stream(text: str, stop: Sequence[str] = ()) -> tuple[list[str], AnswerText]:
    answer = AnswerText(from_bytes, stop)
    pieces = []
    for byte in text.encode():
        pieces.append(answer.add(byte))
        if answer.stopped:
            break
    return [*pieces, answer.finish()], answer


def test_a_character_of_several_tokens_comes_whole() -> None:
    pieces, answer = stream("a红🚀b")
    assert [piece for piece in pieces if piece] == ["a", "红", "🚀", "b"]
    assert answer.text == "a红🚀b"


def test_a_character_cut_off_by_the_end_is_left_out() -> None:
    answer = AnswerText(from_bytes)
    told = [answer.add(byte) for byte in "好红".encode()[:-1]]
    assert "".join(told) + answer.finish() == "好" == answer.text


def test_special_tokens_have_no_text() -> None:
    answer = AnswerText(from_bytes)
    assert answer.add(0) == ""
    assert answer.add(ord("a")) == "a"


def test_a_stop_string_ends_the_answer_before_it() -> None:
    pieces, answer = stream("one. two. three", stop=[". t"])
    assert answer.stopped
    assert "".join(pieces) == answer.text == "one"


def test_what_may_become_a_stop_string_is_held_back_until_it_is_not() -> None:
    answer = AnswerText(from_bytes, ["END"])
    assert [answer.add(byte) for byte in b"aENx"] == ["a", "", "", "ENx"]
    assert answer.finish() == ""


def test_a_beginning_of_a_stop_string_at_the_end_is_told_in_the_end() -> None:
    pieces, answer = stream("aEN", stop=["END"])
    assert (pieces[-1], answer.text, answer.stopped) == ("EN", "aEN", False)


def test_the_first_of_several_stop_strings_wins() -> None:
    assert stream("a bb ccc", stop=["ccc", "bb", ""])[1].text == "a "
    for stop in (["b c", "a b c"], ["a b c", "b c"]):  # which end with the same letter
        assert stream("so a b c", stop=stop)[1].text == "so "


@given(
    st.text(alphabet="abc红🚀", max_size=30), st.lists(st.text(alphabet="abc红", min_size=1, max_size=4), max_size=3)
)
def test_any_text_streams_as_if_it_had_been_cut_whole(text: str, stop: list[str]) -> None:
    pieces, answer = stream(text, stop)
    ends = [text.find(s) for s in stop if s in text]
    first_done = min((at + len(s) for s in stop if (at := text.find(s)) >= 0), default=len(text))
    seen = text[:first_done]  # a token later nothing is read any more
    want = seen[: min(at for s in stop if (at := seen.find(s)) >= 0)] if ends else text
    assert "".join(pieces) == answer.text == want
    assert answer.stopped is bool(ends)


@pytest.mark.parametrize(
    "text", ["我看到一面红旗。", "A flag 🚩 and “quotes” – naïve café", "<tool_call>\n{}\n</tool_call>"]
)
def test_the_real_tokenizer_streams_what_it_decodes(builtin: Path, text: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(builtin)
    ids = tokenizer(text)["input_ids"]
    answer = AnswerText(lambda some: tokenizer.decode(some, skip_special_tokens=True))
    told = [answer.add(token) for token in ids]
    assert "".join(told) + answer.finish() == tokenizer.decode(ids, skip_special_tokens=True) == text
    assert all("\ufffd" not in piece for piece in told)
    assert len(told) > 1
