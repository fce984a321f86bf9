"""askcam.client against a real server: answers, errors, pushed frames, and what happens when the server goes."""

import asyncio
import io
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.servers.askcam_server import LiveServer, live_server

from askcam.client.client import Answer, Client, Pushed, connect
from askcam.client.errors import (
    AskcamError,
    BadRequest,
    CameraUnavailable,
    Cancelled,
    ConnectionFailed,
    ConnectionLost,
    ConnectionRefused,
    FrameError,
    NotAllowed,
    StaleCamera,
    UnknownCamera,
)

TIMEOUT_S = 60.0


@pytest.fixture
async def client(live_server: LiveServer) -> AsyncIterator[Client]:
    async with connect(live_server.url) as client:
        yield client


def jpeg(width: int = 320, height: int = 240) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 120, np.uint8)).save(out, "JPEG")
    return out.getvalue()


async def test_an_answer_comes_in_pieces_and_says_what_it_saw(client: Client) -> None:
    reply = client.ask("What do you see?", camera="lobby")
    pieces = [piece async for piece in reply]
    answer = reply.answer
    assert len(pieces) > 1
    assert "".join(pieces) == answer.text == reply.text
    assert answer.status == "completed"
    assert (answer.saw.camera, answer.saw.backend) == ("lobby", "live")
    assert answer.saw.window is not None
    assert answer.saw.window.pairs >= 1
    assert answer.saw.frame_age_ms is not None
    assert answer.usage.output >= len(pieces) - 1
    assert 0 < answer.usage.vision < answer.usage.input


async def test_an_answer_can_be_awaited(client: Client) -> None:
    answer = await client.ask("What do you see?", camera="lobby", max_tokens=3)
    assert (answer.status, answer.usage.output) == ("incomplete", 3)


async def test_questions_can_be_asked_at_once(client: Client) -> None:
    replies = [client.ask("What do you see?", camera="lobby", max_tokens=4) for _ in range(4)]
    answers = await asyncio.gather(*replies)
    assert len({answer.saw.answer_id for answer in answers}) == 4
    assert all(answer.text for answer in answers)


async def test_a_picture_is_asked_about_without_a_camera(client: Client) -> None:
    out = io.BytesIO()
    Image.new("RGB", (224, 224), (200, 200, 200)).save(out, "PNG")
    answer = await client.ask("What is in the picture?", images=[out.getvalue(), np.zeros((224, 224, 3), np.uint8)])
    assert answer.text
    assert (answer.saw.camera, answer.saw.window) == (None, None)


async def test_leaving_the_block_cancels_the_answer(client: Client) -> None:
    async with client.ask("What do you see?", camera="lobby") as reply:
        first = await anext(reply)
    with pytest.raises(Cancelled) as cancelled:
        _ = reply.answer
    assert cancelled.value.text.startswith(first)
    assert (await client.ask("What do you see?", camera="lobby")).status == "completed"


async def test_cancelling_ends_the_iteration(client: Client) -> None:
    reply = client.ask("What do you see?", camera="lobby")
    pieces = []
    async for piece in reply:
        pieces.append(piece)
        await reply.cancel()
    assert pieces
    with pytest.raises(Cancelled):
        await reply


async def test_a_question_cancelled_before_it_was_sent_is_never_sent(client: Client) -> None:
    reply = client.ask("What do you see?", camera="lobby")
    await reply.cancel()
    assert [piece async for piece in reply] == []
    assert reply.response_id is None


async def test_a_question_cancelled_before_the_server_named_it_ends_too(client: Client) -> None:
    async with asyncio.timeout(TIMEOUT_S), client.ask("What do you see?", camera="lobby") as reply:
        pass  # sent, and left at once
    with pytest.raises(Cancelled):
        _ = reply.answer


async def test_whoever_stops_waiting_stops_the_answer(client: Client) -> None:
    reply = client.ask("What do you see?", camera="lobby")
    await anext(reply)
    waiting = asyncio.ensure_future(reply)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(TIMEOUT_S):
        async for _ in reply:
            pass
    with pytest.raises(Cancelled):
        _ = reply.answer


async def test_the_answer_is_there_when_it_is_complete_and_not_before(client: Client) -> None:
    async with client.ask("What do you see?", camera="lobby") as reply:
        with pytest.raises(AskcamError, match="not complete yet"):
            _ = reply.answer


# Refusals.


async def test_an_unknown_camera_is_named_with_those_there_are(client: Client) -> None:
    with pytest.raises(UnknownCamera, match="lobby") as refused:
        await client.ask("What?", camera="attic")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


async def test_a_frame_too_old_is_refused_and_iteration_says_so_too(client: Client) -> None:
    with pytest.raises(StaleCamera):
        await client.ask("What?", camera="lobby", max_age_ms=0.001)
    with pytest.raises(StaleCamera):
        async for _ in client.ask("What?", camera="lobby", max_age_ms=0.001):
            pass


async def test_a_wrong_option_names_its_field(client: Client) -> None:
    with pytest.raises(BadRequest) as refused:
        await client.ask("What?", camera="lobby", temperature=7)
    assert refused.value.param == "response.temperature"


@pytest.mark.parametrize("picture", [b"no picture", "photo.jpg", 7, np.zeros((4, 4), np.uint8)])
async def test_what_is_no_picture_is_not_even_sent(client: Client, picture: Any) -> None:
    with pytest.raises(FrameError):
        client.ask("What?", images=[picture])


async def test_cameras_are_listed(client: Client) -> None:
    (lobby,) = await client.cameras()
    assert (lobby.name, lobby.state, lobby.uri) == ("lobby", "live", "synthetic:7")


# Pushing.


async def test_a_pushed_camera_is_asked_about_its_own_frames(client: Client) -> None:
    async with client.push() as camera, asyncio.timeout(TIMEOUT_S):
        with pytest.raises(CameraUnavailable, match="pushed"):
            await camera.ask("What do you see?")
        before = time.time()
        answer = await live_answer(camera)
        assert answer.saw.camera == camera.name
        assert answer.saw.age_basis == "capture"  # the clocks were compared
        assert answer.saw.frame_age_ms is not None
        assert answer.saw.frame_age_ms <= (time.time() - before) * 1000 + 50


async def test_an_old_frame_is_as_old_as_its_pusher_says(client: Client) -> None:
    async with client.push() as camera, asyncio.timeout(TIMEOUT_S):
        answer = await live_answer(camera, np.zeros((240, 320, 3), np.uint8), age_s=2)
        assert answer.saw.frame_age_ms is not None
        assert answer.saw.frame_age_ms >= 1900
        with pytest.raises((StaleCamera, CameraUnavailable)):  # on a busy machine it has stalled meanwhile
            await camera.ask("What?", max_age_ms=1000)


async def live_answer(camera: Pushed, frame: Any = None, age_s: float = 0.0) -> Answer:
    """An answer about a frame that was just pushed; asked again while it is not decoded yet, or too old already."""
    while True:
        await camera.send(jpeg() if frame is None else frame, captured_at=time.time() - age_s)
        try:
            return await camera.ask("What do you see?", max_tokens=2)
        except CameraUnavailable:
            await asyncio.sleep(0.05)


async def test_frames_can_come_from_an_iterator(client: Client) -> None:
    sent = asyncio.Event()

    async def frames() -> AsyncIterator[Any]:
        yield jpeg()
        yield jpeg(), time.time()
        sent.set()
        await asyncio.Event().wait()

    async with client.push(frames()) as camera, asyncio.timeout(TIMEOUT_S):
        await sent.wait()
        assert (await live_answer(camera)).text


async def test_what_goes_wrong_with_the_frames_comes_out_of_the_block(client: Client) -> None:
    gone = asyncio.Event()

    async def frames() -> AsyncIterator[bytes]:
        yield jpeg()
        gone.set()
        raise OSError("the webcam was unplugged")

    async def watch() -> None:
        async with client.push(frames()), asyncio.timeout(TIMEOUT_S):
            await gone.wait()

    with pytest.raises(OSError, match="unplugged"):
        await watch()


async def test_a_frame_that_the_server_refuses_is_told_at_the_next(client: Client) -> None:
    async with client.push() as camera, asyncio.timeout(TIMEOUT_S):
        await camera.send(b"\xff\xd8 a JPEG only by its first bytes")
        refusal: BadRequest | None = None
        while refusal is None:
            try:
                await camera.send(jpeg())
            except BadRequest as error:
                refusal = error
        assert refusal.code == "invalid_image"


# Servers that are not there, or not for us.


async def test_nothing_listening_is_told_with_the_remedy() -> None:
    async with connect("http://127.0.0.1:1") as client:
        with pytest.raises(ConnectionRefused, match="askcam serve"):
            await client.ask("What?", camera="lobby")
        with pytest.raises(ConnectionRefused, match="askcam serve"):
            await client.cameras()


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://user:secret@host", "http://host:port"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConnectionFailed, match="http://127") as refused:
        connect(url)
    assert "secret" not in str(refused.value)


async def test_another_server_is_not_taken_for_askcam() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, connect(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
        with pytest.raises(ConnectionFailed, match="is it askcam"):
            await client.ask("What?", camera="lobby")
        with pytest.raises(ConnectionFailed, match="is it askcam"):
            await client.cameras()


async def test_a_token_and_a_server_that_goes_away() -> None:
    """One server for both, since starting one takes seconds."""
    with live_server(cameras=["lobby=synthetic:3"], env={"ASKCAM_TOKEN": "open-sesame"}) as server:
        async with connect(server.url) as stranger:
            with pytest.raises(NotAllowed):
                await stranger.ask("What?", camera="lobby")
            with pytest.raises(NotAllowed):
                await stranger.cameras()
        async with connect(server.url + "/v1/", token="open-sesame") as client, asyncio.timeout(TIMEOUT_S):
            assert [camera.name for camera in await client.cameras()] == ["lobby"]
            reply = client.ask("What do you see?", images=[jpeg()])
            async for _ in reply:
                if server.process.poll() is None:
                    server.stop(signal.SIGKILL)
                break
            with pytest.raises(ConnectionLost):
                async for _ in reply:
                    pass
            with pytest.raises(ConnectionRefused):
                await client.ask("And now?", images=[jpeg()])
