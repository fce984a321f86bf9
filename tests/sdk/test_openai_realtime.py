"""The real `openai` package, unmodified, over a real socket to a real server: a text session about a live camera."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types import realtime as sdk
from PIL import Image
from support.servers.askcam_server import LiveServer

# Every event that a text session about a camera can bring, and what the SDK must take it for.
EXPECTED: dict[str, type[Any]] = {
    "session.created": sdk.SessionCreatedEvent,
    "conversation.created": sdk.ConversationCreatedEvent,
    "rate_limits.updated": sdk.RateLimitsUpdatedEvent,
    "session.updated": sdk.SessionUpdatedEvent,
    "conversation.item.added": sdk.ConversationItemAdded,
    "conversation.item.done": sdk.ConversationItemDone,
    "conversation.item.deleted": sdk.ConversationItemDeletedEvent,
    "response.created": sdk.ResponseCreatedEvent,
    "response.output_item.added": sdk.ResponseOutputItemAddedEvent,
    "response.content_part.added": sdk.ResponseContentPartAddedEvent,
    "response.output_text.delta": sdk.ResponseTextDeltaEvent,
    "response.output_text.done": sdk.ResponseTextDoneEvent,
    "response.content_part.done": sdk.ResponseContentPartDoneEvent,
    "response.output_item.done": sdk.ResponseOutputItemDoneEvent,
    "response.done": sdk.ResponseDoneEvent,
    "error": sdk.RealtimeErrorEvent,
}


@pytest.fixture
def openai(live_server: LiveServer) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{live_server.url}/v1", api_key="none", max_retries=0)


async def until(connection: AsyncRealtimeConnection, kind: str) -> list[Any]:
    """All events up to the next of a type, each of the class that the SDK has for it."""
    events: list[Any] = []
    while not events or events[-1].type != kind:
        event = await connection.recv()
        assert type(event) is EXPECTED[event.type]
        assert event.event_id
        events.append(event)
    return events


async def ask(connection: AsyncRealtimeConnection, question: str) -> None:
    content: Any = [{"type": "input_text", "text": question}]
    await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    await connection.response.create()


async def test_a_text_session_streams_its_answer(openai: AsyncOpenAI) -> None:
    async with openai.realtime.connect(model="lobby") as connection:
        (created,) = await until(connection, "session.created")
        assert type(created.session) is sdk.RealtimeSessionCreateRequest
        assert (created.session.model, created.session.output_modalities) == ("lobby", ["text"])

        await connection.session.update(
            session={"type": "realtime", "instructions": "Answer in one sentence.", "output_modalities": ["text"]}
        )
        (_, updated) = await until(connection, "session.updated")
        assert updated.session.instructions == "Answer in one sentence."

        await ask(connection, "What do you see?")
        events = await until(connection, "response.done")
        assert type(events[0].item) is sdk.RealtimeConversationItemUserMessage
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert len(deltas) > 1
        text = "".join(deltas)
        assert [event.text for event in events if event.type == "response.output_text.done"] == [text]

        response = events[-1].response
        assert type(response) is sdk.RealtimeResponse
        assert (response.status, response.conversation_id is None) == ("completed", False)
        (item,) = response.output
        assert type(item) is sdk.RealtimeConversationItemAssistantMessage
        assert [part.text for part in item.content] == [text]
        assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
        assert response.usage.input_token_details.image_tokens > 0
        saw = response.askcam  # the SDK keeps extra fields
        assert saw["camera"] == "lobby"
        assert saw["window"]["pairs"] >= 1
        assert saw["frame_age_ms"] >= 0


async def test_an_answer_can_be_cancelled_and_the_session_goes_on(openai: AsyncOpenAI) -> None:
    async with openai.realtime.connect(model="lobby") as connection:
        await ask(connection, "What do you see?")
        told = await until(connection, "response.output_text.delta")
        await connection.response.cancel()
        told += await until(connection, "response.done")
        response = told[-1].response
        if response.status == "completed":  # the whole answer came before the cancel did
            assert told[-1].response.usage is not None
            assert (await until(connection, "error"))[-1].error.code == "response_cancel_not_active"
        else:
            assert (response.status, response.status_details.reason) == ("cancelled", "client_cancelled")
            said = "".join(event.delta for event in told if event.type == "response.output_text.delta")
            assert [part.text for part in response.output[0].content] == [said]
        await ask(connection, "Is there a dog?")
        assert (await until(connection, "response.done"))[-1].response.status == "completed"


async def test_a_queued_answer_can_be_cancelled(openai: AsyncOpenAI) -> None:
    """Eight questions at once, most of them waiting in the engine's queue: none of them is left over."""
    async with openai.realtime.connect(model="lobby") as connection:
        await until(connection, "session.created")
        item: Any = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "What do you see?"}],
        }
        for _ in range(8):
            await connection.response.create(response={"conversation": "none", "input": [item]})
        ids = [(await until(connection, "response.created"))[-1].response.id for _ in range(8)]
        for name in reversed(ids):
            await connection.response.cancel(response_id=name)
        ended: dict[str, str] = {}
        while len(ended) < 8:
            event = (await until(connection, "response.done"))[-1]
            ended[event.response.id] = event.response.status
        assert set(ended) == set(ids)
        assert "cancelled" in ended.values()
        await connection.response.create(response={"conversation": "none", "input": [item]})
        assert (await until(connection, "response.done"))[-1].response.status == "completed"


async def test_an_error_event_names_what_was_wrong(openai: AsyncOpenAI) -> None:
    async with openai.realtime.connect(model="lobby") as connection:
        await connection.response.cancel(event_id="mine")
        error = (await until(connection, "error"))[-1].error
        assert type(error) is sdk.RealtimeError
        assert (error.type, error.code, error.event_id) == (
            "invalid_request_error",
            "response_cancel_not_active",
            "mine",
        )


async def test_an_attached_picture_is_asked_about(openai: AsyncOpenAI) -> None:
    out = io.BytesIO()
    Image.fromarray(np.full((240, 320, 3), 200, np.uint8)).save(out, "PNG")
    url = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    async with openai.realtime.connect(model="askcam") as connection:
        content: Any = [
            {"type": "input_text", "text": "What is in the picture?"},
            {"type": "input_image", "image_url": url, "detail": "auto"},
        ]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        added = (await until(connection, "conversation.item.done"))[-1]
        assert [part.type for part in added.item.content] == ["input_text", "input_image"]
        await connection.response.create()
        response = (await until(connection, "response.done"))[-1].response
        assert response.status == "completed"
        assert response.output[0].content[0].text
        assert (response.askcam["camera"], response.askcam["window"]) == (None, None)
        assert response.usage.input_token_details.image_tokens > 0


async def test_items_are_deleted_by_their_id(openai: AsyncOpenAI) -> None:
    async with openai.realtime.connect(model="lobby") as connection:
        content: Any = [{"type": "input_text", "text": "Forget this."}]
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "id": "mine", "content": content}
        )
        await connection.conversation.item.delete(item_id="mine")
        assert (await until(connection, "conversation.item.deleted"))[-1].item_id == "mine"


async def test_an_unknown_camera_is_an_error_event(openai: AsyncOpenAI) -> None:
    async with openai.realtime.connect(model="attic") as connection:
        (event,) = await until(connection, "error")
        assert (event.error.code, event.error.param) == ("model_not_found", "model")
        assert "lobby" in event.error.message
