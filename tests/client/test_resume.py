"""askcam.client over a line that breaks: nothing is lost, nothing comes twice."""

import asyncio
from typing import Any

import pytest
from support.resuming import ask_through_drops
from support.servers.askcam_server import LiveServer
from support.servers.breaking import Breaking
from support.wire_talk import jpeg

from askcam.client.client import connect
from askcam.client.errors import CameraUnavailable, Cancelled, ConnectionLost
from askcam.client.reply import Reply

DROPS = 25
TIMEOUT_S = 300.0  # for all of them, on a busy machine


def port(server: LiveServer) -> int:
    return int(server.url.rpartition(":")[2])


async def test_every_word_arrives_once_however_often_the_line_breaks(live_server: LiveServer) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        heard = await ask_through_drops(live_server.url, "lobby", DROPS, seed=11)
    assert heard.wrong == []
    assert heard.drops >= DROPS
    assert heard.resumed >= DROPS
    assert heard.deltas > heard.answers > DROPS / 2


async def test_a_question_that_got_lost_on_its_way_is_asked_again(live_server: LiveServer) -> None:
    async with Breaking(port(live_server)) as line, connect(line.url) as client, asyncio.timeout(TIMEOUT_S):
        await client.ask("What do you see?", camera="lobby")
        line.cut_after(up=100)  # in the middle of the question
        answer = await client.ask("What do you see?", camera="lobby")
        assert (answer.status, client.num_resumed, line.num_cuts) == ("completed", 1, 1)


async def test_a_cancel_that_got_lost_on_its_way_counts_all_the_same(live_server: LiveServer) -> None:
    async with Breaking(port(live_server)) as line, connect(line.url) as client, asyncio.timeout(TIMEOUT_S):
        reply = client.ask("Summarize what happened.", camera="lobby")
        await anext(reply)
        line.cut_after(up=20)
        await reply.cancel()
        assert client.num_resumed == 1
        said = ""
        try:
            said = reply.answer.text  # it was over before the cancel came
        except Cancelled as cancelled:
            said = cancelled.text
        assert said == reply.text


async def test_a_line_that_stays_broken_ends_the_answer(live_server: LiveServer) -> None:
    async with Breaking(port(live_server)) as line, connect(line.url, resume_s=1) as client, asyncio.timeout(TIMEOUT_S):
        reply = client.ask("Summarize what happened.", camera="lobby")
        await anext(reply)
        line.close()
        with pytest.raises(ConnectionLost, match="ask again"):
            async for _ in reply:
                pass


async def test_a_pushed_camera_goes_on_too(live_server: LiveServer) -> None:
    async with (
        Breaking(port(live_server)) as line,
        connect(line.url) as client,
        client.push() as camera,
        asyncio.timeout(TIMEOUT_S),
    ):
        name = camera.name
        await camera.send(jpeg())
        line.cut()
        while True:
            await camera.send(jpeg())
            try:
                answer = await camera.ask("What do you see?", max_tokens=2)
                break
            except CameraUnavailable:  # not decoded yet, or too old already
                await asyncio.sleep(0.05)
        assert answer.saw.camera == camera.name == name
        assert line.num_connections == 2


def test_the_words_of_an_answer_stand_around_its_calls() -> None:
    reply = Reply(begin=lambda reply: asyncio.sleep(0))  # type: ignore[arg-type, return-value]
    said: list[dict[str, Any]] = [
        {"content": [{"type": "output_text", "text": text}]} for text in ("Let me see.", "\nFour.")
    ]
    call = {"type": "mcp_call", "name": "lookup", "output": "4"}
    saw = {"camera": None, "window": None, "frame_age_ms": None, "ttft_ms": 1.0, "answer_id": "a", "health": []}
    askcam = {**saw, "backend": "live"}
    reply.finish({"status": "completed", "output": [said[0], call, said[1]], "askcam": askcam})
    assert reply.answer.text == "Let me see.\nFour."
