"""The turns of a question with tools, without an engine: what each round asks, and who carries which call out."""

import json
from typing import Any

import pytest

from askcam.client.protocol import CalledTool, ErrorBody
from askcam.engine.calls import Call
from askcam.engine.question import Form, Message, Role, Sampling, Text
from askcam.server.answering.dialogue import Dialogue
from askcam.server.errors import Refusal
from askcam.server.steps import Ask, ToolChoice
from askcam.server.tools.base import CallLimits

LIMITS = CallLimits()


def tool(name: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"query": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": parameters}}


def say(name: str, **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def dialogue(*, client: str = "", server: str = "", limits: CallLimits = LIMITS, **more: Any) -> Dialogue:
    messages = (Message(Role.USER, (Text("How much is this?"),)),)
    ask = Ask(messages, sampling=Sampling(max_tokens=100), tools=tuple(map(tool, client.split())), **more)
    return Dialogue(ask, messages, [tool(name) for name in server.split()], limits)


def round_of(one: Dialogue, text: str, num_tokens: int = 10) -> list[str | Call]:
    return [*one.hear(text), *one.end(num_tokens, whole=True)]


def result(call: Call, output: str | None = "{}", error: ErrorBody | None = None) -> CalledTool:
    return CalledTool(call.id, call.name, "built-in", call.arguments, output, error, 1.0)


def test_without_tools_what_looks_like_a_call_is_words() -> None:
    one = dialogue()
    assert round_of(one, say("clock")) == [say("clock")]
    assert one.here == one.handed_over == ()


def test_a_call_of_the_client_s_function_is_handed_over() -> None:
    one = dialogue(client="lookup")
    words, call = round_of(one, "Let me see.\n" + say("lookup", query="cup"))
    assert words == "Let me see."
    assert isinstance(call, Call)
    assert (one.here, one.handed_over) == ((), (call,))


def test_a_server_side_call_makes_another_round_in_which_its_words_stand_as_a_tool_s_turn() -> None:
    one = dialogue(server="clock")
    (call,) = round_of(one, say("clock"), num_tokens=30)
    assert one.here == (call,)
    assert isinstance(call, Call)
    one.returned([result(call, "noon")])
    *_, asked, called, told = (*one.messages,)
    assert asked.role is Role.USER
    assert called.tool_calls == (call.turn(),)
    assert told == Message(Role.TOOL, (Text("noon"),))
    assert one.sampling().max_tokens == 70
    assert round_of(one, "It is noon.") == ["It is noon."]
    assert one.here == ()
    assert one.text == "It is noon."


def test_words_of_two_rounds_stand_on_two_lines() -> None:
    one = dialogue(server="clock")
    words, call = round_of(one, "One moment. " + say("clock"))
    assert isinstance(call, Call)
    one.returned([result(call)])
    assert [words, *round_of(one, "Noon.")] == ["One moment.", "\nNoon."]
    assert one.text == "One moment.\nNoon."


def test_a_round_that_calls_both_is_carried_out_here_first() -> None:
    """The client's call is not lost: the model is asked again, and may call it then."""
    one = dialogue(client="lookup", server="clock")
    first, second = round_of(one, say("clock") + say("lookup"))
    assert (one.here, one.handed_over) == ((first,), ())
    assert isinstance(first, Call)
    one.returned([result(first)])
    (third,) = round_of(one, say("lookup"))
    assert (one.here, one.handed_over) == ((), (third,))
    assert second != third


def test_a_client_s_function_hides_a_tool_of_the_same_name() -> None:
    one = dialogue(client="clock", server="clock")
    assert len(one.tools) == 1
    (call,) = round_of(one, say("clock"))
    assert one.handed_over == (call,)


def test_what_nobody_can_carry_out_is_answered_here() -> None:
    one = dialogue(client="lookup")
    unknown, broken = round_of(one, say("send_alert") + "<tool_call>{</tool_call>")
    assert one.here == (unknown, broken)


def test_a_failed_call_is_told_to_the_model() -> None:
    one = dialogue(server="clock")
    (call,) = round_of(one, say("clock"))
    assert isinstance(call, Call)
    one.returned([result(call, None, ErrorBody("it is gone", "tool_error", code="tool_unavailable"))])
    (part,) = one.messages[-1].parts
    assert isinstance(part, Text)
    assert json.loads(part.text) == {"error": "tool_unavailable", "message": "it is gone"}


def test_calls_without_end_are_refused_unless_there_are_words() -> None:
    one = dialogue(server="clock", limits=CallLimits(max_rounds=1))
    (call,) = round_of(one, say("clock"))
    assert isinstance(call, Call)
    one.returned([result(call)])
    round_of(one, say("clock"))
    with pytest.raises(Refusal, match="1 rounds") as caught:
        _ = one.here
    assert caught.value.code == "too_many_calls"

    one = dialogue(server="clock", limits=CallLimits(max_rounds=0))
    round_of(one, "Noon, I think. " + say("clock"))
    assert one.here == one.handed_over == ()
    assert one.text == "Noon, I think."


def test_a_call_that_the_end_cut_off_is_none() -> None:
    one = dialogue(client="lookup")
    assert one.hear('Wait. <tool_call>{"name": "loo') == ["Wait."]
    assert one.end(100, whole=False) == []
    assert one.handed_over == ()


def test_one_call_at_a_time_where_that_is_wanted() -> None:
    one = dialogue(client="lookup", parallel=False)
    assert len(round_of(one, say("lookup") + say("lookup"))) == 1


def test_only_the_first_round_must_call() -> None:
    one = dialogue(client="lookup", server="clock", choice=ToolChoice("required"))
    form = one.sampling().response_format
    assert form is not None
    assert form.schema is None
    assert {"lookup", "clock"} == {
        each["properties"]["name"]["const"] for each in json.loads(form.calls or "")["anyOf"]
    }
    (call,) = round_of(one, say("clock"))
    assert isinstance(call, Call)
    one.returned([result(call)])
    form = one.sampling().response_format
    assert form is not None
    assert form.words


def test_a_named_tool_alone_may_be_called() -> None:
    form = dialogue(client="lookup other", choice=ToolChoice("required", "other")).sampling().response_format
    assert form is not None
    assert "lookup" not in (form.calls or "")


def test_a_form_is_kept_beside_calls() -> None:
    messages = (Message(Role.USER, (Text("?"),)),)
    wanted = Form('{"type": "boolean"}')
    ask = Ask(messages, sampling=Sampling(response_format=wanted), tools=(tool("lookup"),))
    form = Dialogue(ask, messages, [], CallLimits()).sampling().response_format
    assert form is not None
    assert form.schema == wanted.schema
    assert form.calls is not None


@pytest.mark.parametrize(
    ("client", "choice", "says"),
    [("", ToolChoice("required"), "there are no tools"), ("lookup", ToolChoice("required", "other"), "'other'")],
)
def test_a_choice_that_nothing_fits_is_refused(client: str, choice: ToolChoice, says: str) -> None:
    with pytest.raises(Refusal, match=says) as caught:
        dialogue(client=client, choice=choice)
    assert caught.value.param == "tool_choice"


def test_tools_that_may_not_be_called_are_not_offered() -> None:
    assert dialogue(client="lookup", server="clock", choice=ToolChoice("none")).tools == ()
