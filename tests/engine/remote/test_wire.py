"""A question in a dialect's words: what goes where, and what a server must not take for its own."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from askcam.engine.calls import call_schema
from askcam.engine.errors import QuestionError
from askcam.engine.question import JSON_OBJECT, Clip, Form, Message, Picture, Question, Role, Sampling, Text
from askcam.engine.remote.dialects import DIALECTS
from askcam.engine.remote.wire import Part, plain, request

WINDOW = [{"type": "video_url", "video_url": {"url": "data:window"}}]
PICTURE = Picture(np.zeros((28, 28, 3), np.uint8))
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
OTHER = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}


def shown(part: Picture | Clip) -> Sequence[Part]:
    return [{"type": "image_url", "image_url": {"url": "data:picture"}}]


def user(*parts: Any) -> Message:
    return Message(Role.USER, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def body(question: Question, dialect: str = "vllm", window: Sequence[Part] = (), **more: Any) -> dict[str, Any]:
    return request(question, window, shown, DIALECTS[dialect], "a-model", **more)


def test_the_window_comes_first_in_the_first_user_turn() -> None:
    turns = (Message(Role.SYSTEM, (Text("be brief"),)), user("a", PICTURE, "b"), user("again?"))
    sent = body(Question(turns, "lobby"), window=WINDOW)["messages"]
    assert [turn["role"] for turn in sent] == ["system", "user", "user"]
    assert sent[0]["content"] == "be brief"
    assert [part["type"] for part in sent[1]["content"]] == ["video_url", "text", "image_url", "text"]
    assert sent[2]["content"] == "again?"
    with pytest.raises(QuestionError, match="user message"):
        body(Question((turns[0],), "lobby"), window=WINDOW)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_is_sent_that_the_dialect_does_not_know(dialect: str) -> None:
    usual = {"model", "messages", "stream", "max_tokens", "stream_options"}
    usual |= {"template": {"chat_template_kwargs"}, "effort": {"reasoning_effort"}, "none": set[str]()}[
        DIALECTS[dialect].thinking
    ]
    sent = body(Question((user("what?"),)), dialect)
    assert sent.keys() <= usual
    assert ("stream_options" in sent) is (dialect != "transformers")  # which refuses what it does not know
    assert sent["max_tokens"] == 512
    token = body(Question((user("what?"),)), dialect, words=False)
    assert (token["max_tokens"], token["temperature"], "stream" in token) == (1, 0, False)


def test_sampling_goes_by_the_names_that_the_server_has() -> None:
    sampling = Sampling(max_tokens=9, temperature=0.5, top_k=3, repetition_penalty=1.2, stop=("x", "y"), logprobs=4)
    sent = body(Question((user("what?"),), sampling=sampling), "llamacpp")
    assert (sent["temperature"], sent["top_k"], sent["repeat_penalty"], sent["stop"]) == (0.5, 3, 1.2, ["x", "y"])
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 4)
    with pytest.raises(QuestionError, match="logprobs"):
        body(Question((user("what?"),), sampling=Sampling(logprobs=0)), "transformers")


@pytest.mark.parametrize(
    "text",
    ["<|im_end|>", "a<|im_start|>system", "<tool_call>", "</tool_call>", "<tool_response>", "<think>", "<function=x>"],
)
def test_no_special_token_is_smuggled_in(text: str) -> None:
    turns = (
        Message(Role.SYSTEM, (Text(text),)),
        user(text, PICTURE),
        Message(Role.ASSISTANT, (), ({"function": {"name": "f", "arguments": {"a": text}}},)),
        Message(Role.TOOL, (Text(text),)),
        user("and now?"),
    )
    tool = {"type": "function", "function": {"name": "f", "description": text, "parameters": {}}}
    sent = json.dumps(body(Question(turns, tools=(tool,))))
    assert text[text.index("<") :] not in sent
    assert text.replace("<", "< ") in sent
    assert plain("1 < 2 and a<b, <html>") == "1 < 2 and a<b, <html>"  # nothing else is touched


def test_calls_get_ids_and_results_say_whose_they_are() -> None:
    calls = tuple({"type": "function", "function": {"name": name, "arguments": {"n": 1}}} for name in ("f", "g"))
    results = tuple(Message(Role.TOOL, (Text(text),)) for text in ("one", "two"))
    turns = (user("what?"), Message(Role.ASSISTANT, (Text("wait"),), calls), *results, user("so?"))
    sent = body(Question(turns, tools=(TOOL,)))["messages"]
    assert [call["id"] for call in sent[1]["tool_calls"]] == ["call_0", "call_1"]
    assert [turn["tool_call_id"] for turn in sent[2:4]] == ["call_0", "call_1"]
    assert json.loads(sent[1]["tool_calls"][0]["function"]["arguments"]) == {"n": 1}
    with pytest.raises(QuestionError, match="call that it belongs to"):
        body(Question((user("what?"), results[0])))


def test_the_same_is_written_into_the_conversation_where_no_tools_are_taken() -> None:
    calls = ({"type": "function", "function": {"name": "f", "arguments": '{"n": 1}'}},)
    turns = (user("what?"), Message(Role.ASSISTANT, (), calls), Message(Role.TOOL, (Text("one"),)), user("so?"))
    sent = body(Question(turns, tools=(TOOL,)), "transformers")
    assert "tools" not in sent
    assert {turn["role"] for turn in sent["messages"]} == {"system", "user", "assistant"}
    assert "<tool_call>" in sent["messages"][2]["content"]  # ours


@pytest.mark.parametrize(
    ("form", "choice", "many"),
    [
        (Form(None, call_schema([TOOL, OTHER]), words=True, many=True), "auto", True),
        (Form(None, call_schema([TOOL, OTHER]), words=True), "auto", False),
        (Form(None, call_schema([TOOL, OTHER])), "required", False),
        (Form(None, call_schema([OTHER])), {"type": "function", "function": {"name": "clock"}}, False),
    ],
)
def test_what_must_be_called_is_a_tool_choice(form: Form, choice: Any, many: bool) -> None:
    sent = body(Question((user("what?"),), sampling=Sampling(response_format=form), tools=(TOOL, OTHER)))
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == (choice, many)
    assert "response_format" not in sent
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["weather", "clock"]


def test_a_schema_is_sent_whole() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["<think>"]}}}
    sent = body(Question((user("what?"),), sampling=Sampling(response_format=Form(json.dumps(schema)))))
    assert sent["response_format"]["json_schema"] == {"name": "answer", "schema": schema, "strict": True}
    any_object = body(Question((user("what?"),), sampling=Sampling(response_format=JSON_OBJECT)))
    assert any_object["response_format"] == {"type": "json_object"}
    both = Form("{}", call_schema([TOOL]))
    with pytest.raises(QuestionError, match="not both"):
        body(Question((user("what?"),), sampling=Sampling(response_format=both), tools=(TOOL,)))


@pytest.mark.parametrize("thinking", [True, False])
def test_a_model_is_told_whether_to_think_where_it_can_be(thinking: bool) -> None:
    question = Question((user("what?"),), thinking=thinking)
    assert body(question)["chat_template_kwargs"] == {"enable_thinking": thinking}
    assert body(question, words=False)["chat_template_kwargs"] == {"enable_thinking": False}
    assert body(question, "ollama").get("reasoning_effort") == (None if thinking else "none")
    assert body(question, "ollama", words=False)["reasoning_effort"] == "none"
