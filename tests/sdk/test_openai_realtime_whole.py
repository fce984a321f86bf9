"""One scripted Realtime session by the unmodified `openai` package that meets every event of text and pictures.

The server runs in this process, so that it can be given a tool of its own; sockets, engine and built-in model are real.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types import realtime as sdk
from openai.types.realtime import realtime_server_event as more
from support.products import data_url, product
from support.shop import FOUND_TEXT, Shop

from askcam.app.config import CameraEntry, Config, ServerConfig
from askcam.app.loading import RunningServer
from askcam.app.serving import serving
from askcam.demo.builtin import model_path
from askcam.server.tools.config import ToolsConfig

TIMEOUT_S = 120.0
ANSWER = "The banana costs 2.49 EUR."
FUNCTION: Any = {
    "type": "function",
    "name": "find_product",
    "description": "Look up a product's price, stock and delivery time.",
    "parameters": {
        "type": "object",
        "properties": {"product": {"type": "string", "description": "product name"}},
        "required": ["product"],
    },
}
# Every event of a text session, and what the SDK must take it for. Those about audio, transcriptions, DTMF and lists of
# MCP tools have no place here; "conversation.item.created" is what the beta had for ".added" and ".done".
EVENTS: dict[str, type[Any]] = {
    "session.created": sdk.SessionCreatedEvent,
    "session.updated": sdk.SessionUpdatedEvent,
    "conversation.created": sdk.ConversationCreatedEvent,
    "conversation.item.added": sdk.ConversationItemAdded,
    "conversation.item.done": sdk.ConversationItemDone,
    "conversation.item.retrieved": more.ConversationItemRetrieved,
    "conversation.item.deleted": sdk.ConversationItemDeletedEvent,
    "rate_limits.updated": sdk.RateLimitsUpdatedEvent,
    "response.created": sdk.ResponseCreatedEvent,
    "response.output_item.added": sdk.ResponseOutputItemAddedEvent,
    "response.content_part.added": sdk.ResponseContentPartAddedEvent,
    "response.output_text.delta": sdk.ResponseTextDeltaEvent,
    "response.output_text.done": sdk.ResponseTextDoneEvent,
    "response.content_part.done": sdk.ResponseContentPartDoneEvent,
    "response.function_call_arguments.delta": sdk.ResponseFunctionCallArgumentsDeltaEvent,
    "response.function_call_arguments.done": sdk.ResponseFunctionCallArgumentsDoneEvent,
    "response.mcp_call_arguments.delta": sdk.ResponseMcpCallArgumentsDelta,
    "response.mcp_call_arguments.done": sdk.ResponseMcpCallArgumentsDone,
    "response.mcp_call.in_progress": sdk.ResponseMcpCallInProgress,
    "response.mcp_call.completed": sdk.ResponseMcpCallCompleted,
    "response.mcp_call.failed": sdk.ResponseMcpCallFailed,
    "response.output_item.done": sdk.ResponseOutputItemDoneEvent,
    "response.done": sdk.ResponseDoneEvent,
    "error": sdk.RealtimeErrorEvent,
}
MESSAGE = ["response.content_part.added", "response.output_text.delta", "response.output_text.done"]
INSIDE = {  # what comes between output_item.added and output_item.done, by the item's type
    "message": [*MESSAGE, "response.content_part.done"],
    "function_call": ["response.function_call_arguments.delta", "response.function_call_arguments.done"],
    "mcp_call": [
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.mcp_call.in_progress",
        "response.mcp_call.completed",
    ],
}


@pytest.fixture
async def server() -> AsyncIterator[tuple[RunningServer, Shop]]:
    shop = Shop()
    cameras = {"lobby": CameraEntry("synthetic:7")}
    config = Config(server=ServerConfig(port=0), cameras=cameras, tools=ToolsConfig(allow=("*",)))
    async with serving(config, model_path()) as running:
        running.core.tools.add(shop)
        await running.ready()
        yield running, shop


class Script:
    """The session, and all events so far, each of the class that the SDK has for it."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.events: list[Any] = []

    async def until(self, kind: str) -> Any:
        """The next event of a type."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                event: Any = await self.connection.recv()
                assert type(event) is EVENTS[event.type]
                assert event.event_id
                self.events.append(event)
                if event.type == kind:
                    return event

    async def show(self, question: str, item_id: str) -> None:
        content = [
            {"type": "input_image", "image_url": data_url(product("banana")), "detail": "auto"},
            {"type": "input_text", "text": question},
        ]
        item: Any = {"type": "message", "role": "user", "id": item_id, "content": content}
        await self.connection.conversation.item.create(item=item)
        await self.until("conversation.item.done")

    async def answer(self, **response: Any) -> Any:
        await self.connection.response.create(response=response)  # type: ignore[arg-type]
        return (await self.until("response.done")).response

    async def refusal(self) -> Any:
        return (await self.until("error")).error


async def test_one_session_meets_every_event(server: tuple[RunningServer, Shop]) -> None:
    running, shop = server
    openai = AsyncOpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0)
    async with openai.realtime.connect(model="askcam") as connection:
        script = Script(connection)
        await script.until("conversation.created")
        assert [event.type for event in script.events] == ["session.created", "conversation.created"]
        await settings(script)
        await a_function_of_the_client_s(script)
        await a_tool_of_the_server_s(script, shop)
        await how_answers_end(script)
        await items(script)
        await what_there_is_not(script)
    assert {event.type for event in script.events} == set(EVENTS)
    in_order(script.events)
    ids = [event.event_id for event in script.events]
    assert len(set(ids)) == len(ids)


async def settings(script: Script) -> None:
    session: Any = {
        "type": "realtime",
        "output_modalities": ["text"],
        "tools": [FUNCTION],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "max_output_tokens": 200,
        "truncation": {"type": "retention_ratio", "retention_ratio": 0.5, "token_limits": {"post_instructions": 5000}},
        "tracing": "auto",
        "askcam": {"tools": [], "turn_times": False},
    }
    await script.connection.session.update(session=session)
    updated = (await script.until("session.updated")).session
    assert (updated.tools[0].name, updated.tool_choice, updated.max_output_tokens) == ("find_product", "auto", 200)
    assert updated.parallel_tool_calls is False
    assert updated.truncation.token_limits.post_instructions == 5000
    assert updated.askcam["tools"] == []


async def a_function_of_the_client_s(script: Script) -> None:
    await script.show("How much is this?", "asked")
    response = await script.answer(metadata={"turn": "1"})
    assert (response.status, response.metadata) == ("completed", {"turn": "1"})
    (call,) = response.output
    assert type(call) is sdk.RealtimeConversationItemFunctionCall
    assert (call.name, json.loads(call.arguments)) == ("find_product", {"product": "banana"})
    output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": FOUND_TEXT}
    await script.connection.conversation.item.create(item=output)
    assert type((await script.until("conversation.item.done")).item) is sdk.RealtimeConversationItemFunctionCallOutput
    response = await script.answer()
    (said,) = response.output
    assert type(said) is sdk.RealtimeConversationItemAssistantMessage
    assert said.content[0].text == ANSWER
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.usage.input_token_details.image_tokens > 0
    assert response.usage.input_token_details.cached_tokens is not None


async def a_tool_of_the_server_s(script: Script, shop: Shop) -> None:
    own = {"askcam": {"tools": ["lookup_product"]}, "tools": []}
    reference = {"type": "item_reference", "id": "asked"}
    response = await script.answer(input=[reference], **own)
    called, said = response.output
    assert type(called) is sdk.RealtimeMcpToolCall
    assert (called.name, called.server_label, called.output) == ("lookup_product", "shop", FOUND_TEXT)
    assert json.loads(called.arguments) == {"query": "banana"}
    assert said.content[0].text == ANSWER
    assert response.askcam["tools"][0]["name"] == "lookup_product"
    shop.says = OSError("the shop is closed")
    response = await script.answer(conversation="none", input=[reference], **own)
    assert response.conversation_id is None
    assert response.output[0].error.type == "tool_execution_error"


async def how_answers_end(script: Script) -> None:
    reference = {"type": "item_reference", "id": "asked"}
    plain = {"input": [reference], "tools": []}
    response = await script.answer(max_output_tokens=2, **plain)
    assert (response.status, response.status_details.reason) == ("incomplete", "max_output_tokens")
    await script.connection.response.create(response=plain)  # type: ignore[arg-type]
    await script.connection.response.create(event_id="second")
    await script.connection.response.cancel()
    refusal = await script.refusal()
    assert (refusal.code, refusal.event_id) == ("conversation_already_has_active_response", "second")
    response = (await script.until("response.done")).response
    assert (response.status, response.status_details.reason) == ("cancelled", "client_cancelled")
    response = await script.answer(tool_choice={"type": "function", "name": "unheard_of"}, input=[reference])
    assert (response.status, response.status_details.type) == ("failed", "failed")
    assert response.status_details.error.code == "invalid_value"


async def items(script: Script) -> None:
    connection = script.connection
    await connection.conversation.item.retrieve(item_id="asked")
    found = (await script.until("conversation.item.retrieved")).item
    assert type(found) is sdk.RealtimeConversationItemUserMessage
    assert found.content[0].image_url.startswith("data:image/png;base64,")
    first: Any = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be brief."}]}
    await connection.conversation.item.create(item=first, previous_item_id="root")
    added = await script.until("conversation.item.added")
    assert added.previous_item_id is None
    assert type(added.item) is sdk.RealtimeConversationItemSystemMessage
    await connection.conversation.item.create(item=first, previous_item_id="nobody", event_id="nobody")
    refusal = await script.refusal()
    assert (refusal.code, refusal.param, refusal.event_id) == ("item_not_found", "previous_item_id", "nobody")
    await connection.conversation.item.delete(item_id="asked")
    assert (await script.until("conversation.item.deleted")).item_id == "asked"


async def what_there_is_not(script: Script) -> None:
    connection = script.connection
    await connection.conversation.item.truncate(item_id="x", audio_end_ms=1, content_index=0, event_id="truncate")
    await connection.input_audio_buffer.append(audio="AAAA", event_id="append")
    await connection.input_audio_buffer.commit(event_id="commit")
    await connection.input_audio_buffer.clear(event_id="clear")
    await connection.output_audio_buffer.clear(event_id="output")
    for name in ("truncate", "append", "commit", "clear", "output"):
        refusal = await script.refusal()
        assert (refusal.type, refusal.code, refusal.event_id) == ("invalid_request_error", "unsupported_event", name)


def in_order(events: list[Any]) -> None:
    """Every answer's events: created, its items one behind the other, each whole, done."""
    for done in [event for event in events if event.type == "response.done"]:
        told = [event for event in events if belongs(event, done.response)]
        assert told[0].type == "response.created"
        assert told[-1].type == "response.done"
        output, inside = [], None
        for event in told[1:-1]:
            match event.type:
                case "response.output_item.added":
                    assert inside is None
                    assert event.output_index == len(output)
                    inside = []
                case "response.output_item.done":
                    assert inside is not None
                    wanted = INSIDE[event.item.type]
                    plain = [kind.replace("failed", "completed") for kind in dict.fromkeys(inside)]
                    assert plain in (wanted, [kind for kind in wanted if not kind.endswith("text.delta")])
                    output.append(event.item.id)
                    inside = None
                case kind:
                    assert inside is not None
                    inside.append(kind)
        assert inside is None
        assert output == [item.id for item in told[-1].response.output]


def belongs(event: Any, response: Any) -> bool:
    """Whether an event tells of an answer; some name its item only."""
    if not event.type.startswith("response."):
        return False
    name = getattr(event, "response_id", None) or getattr(getattr(event, "response", None), "id", None)
    return name == response.id or getattr(event, "item_id", None) in {item.id for item in response.output}
