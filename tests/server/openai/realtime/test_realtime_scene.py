"""Realtime sessions about what a camera sees: the shared window, and a scene that changes during an answer."""

import asyncio
import contextlib
import io
import json
from typing import Any

import pytest
from PIL import Image
from support.products import product
from support.servers.askcam_server import LiveServer
from support.wire_talk import TIMEOUT_S, send, until
from websockets.asyncio.client import ClientConnection, connect

TRIES = 20
SCENES = ("banana", "apple")


def frame(name: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(product(name)).save(out, "JPEG", quality=90)
    return bytes(8) + out.getvalue()


def turn(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


@pytest.mark.parametrize("first", ["user", "assistant"])
async def test_a_conversation_shares_the_camera_s_window(live_server: LiveServer, first: str) -> None:
    """Turns stand behind the window, so none of its frames is computed for them: whoever begins the conversation."""
    for number in range(TRIES):  # a busy machine may lag behind with its frames
        if await share_found(live_server, first, f"This is conversation {number}.") >= 0.5:
            return  # all but the newest frame, or so
    raise AssertionError(f"{TRIES} new conversations had the most part of their window computed anew")


async def share_found(server: LiveServer, first: str, greeting: str) -> float:
    """How much was found computed, in image tokens, as the first question of a new conversation was asked."""
    async with connect(f"{server.ws_url}/v1/realtime?model=lobby", open_timeout=60) as websocket:
        for item in (turn(first, greeting), turn("assistant", "Ask me anything."), turn("user", "What do you see?")):
            await send(websocket, type="conversation.item.create", item=item)
        await send(websocket, type="response.create")
        response = (await until(websocket, "response.done"))["response"]
        assert response["status"] == "completed"
        tokens: dict[str, int] = response["usage"]["input_token_details"]
        return tokens["cached_tokens"] / tokens["image_tokens"]


async def test_a_scene_that_changes_is_told_and_answered_again(live_server: LiveServer) -> None:
    async with connect(f"{live_server.ws_url}/v1/realtime?model=push:", open_timeout=60) as websocket:
        own = {"events": ["scene.changed"], "on_scene_change": "answer_again"}
        await send(websocket, type="session.update", session={"askcam": own})
        shown = SCENES[0]

        async def show() -> None:
            while True:
                await websocket.send(frame(shown))
                await asyncio.sleep(0.05)

        showing = asyncio.create_task(show())
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while True:  # an answer may be over before the scene has changed: then once more
                    shown = SCENES[0]
                    await send(websocket, type="response.create", response=QUESTION | TOLD)
                    if (await until(websocket, "response.done"))["response"]["status"] == "failed":
                        continue  # no frame is there yet
                    await send(websocket, type="response.create", response=QUESTION)
                    await until(websocket, "response.created")
                    shown = SCENES[1]
                    changed, done = await change(websocket)
                    if changed is not None:
                        break
                created = await until(websocket, "response.created")
        finally:
            showing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await showing
        assert changed["response_id"] == done["response"]["id"]
        assert done["response"]["askcam"]["scene_changed"] is True
        assert 0 < changed["share"] <= 1
        assert created["response"]["askcam"] == {"answers_again": done["response"]["id"]}
        assert (await until(websocket, "response.done"))["response"]["id"] == created["response"]["id"]


QUESTION = {"conversation": "none", "input": [turn("user", "Summarize what happened.")]}


TOLD = {"askcam": {"on_scene_change": "tell"}}


async def change(websocket: ClientConnection) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """scene.changed, if it came, and the response.done behind it."""
    changed = None
    while True:
        event: dict[str, Any] = json.loads(await websocket.recv())
        if event["type"] == "scene.changed":
            changed = event
        if event["type"] == "response.done":
            return changed, event
