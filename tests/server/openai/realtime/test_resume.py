"""Coming back to a realtime session over the websocket itself, on a real server."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from typing import Any

import httpx
from support.servers.askcam_server import LiveServer, live_server
from support.servers.breaking import Breaking
from support.wire_talk import TIMEOUT_S, ask, close_code, jpeg, send, until
from websockets.asyncio.client import ClientConnection, connect

LONG = "Summarize what happened."


def vanish(websocket: ClientConnection) -> None:
    """Break the connection as a lost line does: without a goodbye."""
    websocket.transport.abort()


@contextlib.asynccontextmanager
async def back(server: LiveServer, session: str, after: str | None, **headers: str) -> AsyncIterator[ClientConnection]:
    url = f"{server.ws_url}/v1/realtime?session={session}" + ("" if after is None else f"&after={after}")
    async with connect(url, additional_headers=headers, open_timeout=60) as websocket:
        yield websocket


async def read(websocket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """All events up to the next of a type."""
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(TIMEOUT_S):
        while not events or events[-1]["type"] != kind:
            events.append(json.loads(await websocket.recv()))
    return events


async def begun(server: LiveServer, model: str = "lobby") -> tuple[ClientConnection, str]:
    """A new session, and its id."""
    websocket = await connect(f"{server.ws_url}/v1/realtime?model={model}", open_timeout=60)
    created = await until(websocket, "session.created")
    return websocket, created["session"]["id"]


async def refused(server: LiveServer, session: str, after: str | None = None, **headers: str) -> dict[str, Any]:
    async with back(server, session, after, **headers) as websocket:
        event: dict[str, Any] = json.loads(await websocket.recv())
        assert event["type"] == "error"
        code = await close_code(websocket)
    return {**event["error"], "close": code}


async def test_an_answer_goes_on_where_the_line_broke(live_server: LiveServer) -> None:
    websocket, session = await begun(live_server)
    await ask(websocket, LONG)
    before = await read(websocket, "response.output_text.delta")
    vanish(websocket)
    async with back(live_server, session, before[-1]["event_id"]) as again:
        resumed, *rest = await read(again, "response.done")
        assert (resumed["type"], resumed["session"]["id"]) == ("session.resumed", session)
    told = before + rest
    assert len({event["event_id"] for event in told}) == len(told)
    words = "".join(event["delta"] for event in told if event["type"] == "response.output_text.delta")
    response = rest[-1]["response"]
    assert [part["text"] for part in response["output"][0]["content"]] == [words]
    async with httpx.AsyncClient(base_url=live_server.url, timeout=60) as http:
        record = (await http.get(f"/v1/answers/{response['askcam']['answer_id']}")).json()
    assert record["answer"] == words


async def test_an_answer_is_completed_while_its_client_is_away(live_server: LiveServer) -> None:
    websocket, session = await begun(live_server)
    conversation = await read(websocket, "conversation.created")
    await ask(websocket, LONG)
    await send(websocket, type="askcam.clock", client_us=5)  # an answer to this means that the question has arrived
    created = await read(websocket, "askcam.clock")
    vanish(websocket)
    missed = 0
    async with asyncio.timeout(TIMEOUT_S):
        while missed < 8:  # it is back, and gone again, until everything has been said without it
            async with back(live_server, session, conversation[-1]["event_id"]) as again:
                missed = json.loads(await again.recv())["missed"]
                vanish(again)
    async with back(live_server, session, conversation[-1]["event_id"]) as again:
        resumed, *rest = await read(again, "response.done")
    assert resumed["missed"] >= missed
    assert [event["event_id"] for event in rest][: len(created)] == [event["event_id"] for event in created]
    assert rest[-1]["response"]["status"] == "completed"


async def test_settings_and_turns_are_as_they_were(live_server: LiveServer) -> None:
    websocket, session = await begun(live_server)
    await send(websocket, type="session.update", session={"instructions": "Be brief."})
    updated = await until(websocket, "session.updated")
    item = {"type": "message", "role": "user", "id": "mine", "content": [{"type": "input_text", "text": "What?"}]}
    await send(websocket, type="conversation.item.create", item=item)
    await until(websocket, "conversation.item.done")
    vanish(websocket)
    async with back(live_server, session, updated["event_id"]) as again:
        resumed, added, _ = await read(again, "conversation.item.done")
        assert (resumed["missed"], resumed["session"]["instructions"]) == (2, "Be brief.")
        assert added["item"]["id"] == "mine"
        await send(again, type="conversation.item.retrieve", item_id="mine")
        assert (await until(again, "conversation.item.retrieved"))["item"]["content"][0]["text"] == "What?"


async def test_whoever_comes_back_takes_the_session_over(live_server: LiveServer) -> None:
    """The old connection may look alive for long, when the line broke elsewhere."""
    old, session = await begun(live_server)
    last = (await read(old, "conversation.created"))[-1]["event_id"]
    async with back(live_server, session, last) as new:
        assert json.loads(await new.recv())["type"] == "session.resumed"
        assert await close_code(old) == 4409
        await ask(new)
        assert (await until(new, "response.done"))["response"]["status"] == "completed"


async def test_what_went_into_a_dead_line_comes_again(live_server: LiveServer) -> None:
    """To the server the line is as good as ever: it sends the whole answer, and nobody gets it."""
    async with Breaking(int(live_server.url.rpartition(":")[2])) as line:
        websocket = await connect(f"ws{line.url.removeprefix('http')}/v1/realtime?model=lobby", open_timeout=60)
        session = (await until(websocket, "session.created"))["session"]["id"]
        await ask(websocket, LONG)
        before = await read(websocket, "response.output_text.delta")
        line.fall_silent()
        async with back(live_server, session, before[-1]["event_id"]) as again:
            rest = await read(again, "response.done")
        vanish(websocket)
    told = before + rest
    words = "".join(event["delta"] for event in told if event["type"] == "response.output_text.delta")
    assert rest[-1]["response"]["output"][0]["content"][0]["text"] == words


async def test_five_who_come_back_at_once_do_not_share(live_server: LiveServer) -> None:
    websocket, session = await begun(live_server)
    last = (await read(websocket, "conversation.created"))[-1]["event_id"]
    vanish(websocket)
    url = f"{live_server.ws_url}/v1/realtime?session={session}&after={last}"
    many = await asyncio.gather(*(connect(url, open_timeout=60) for _ in range(5)))
    try:
        codes = {asyncio.create_task(close_code(each)): each for each in many}
        left = set(codes)
        while len(left) > 1:
            done, left = await asyncio.wait(left, timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result() for task in done} == {4409}
        (reading,) = left
        reading.cancel()
        await asyncio.wait([reading])
        await send(codes[reading], type="askcam.clock", client_us=5)
        assert (await until(codes[reading], "askcam.clock"))["client_us"] == 5
    finally:
        await asyncio.gather(*(each.close() for each in many))


async def test_who_said_goodbye_cannot_come_back(live_server: LiveServer) -> None:
    websocket, session = await begun(live_server)
    await websocket.close()
    async with asyncio.timeout(TIMEOUT_S):
        while True:  # for a moment the server may not have heard it yet
            async with back(live_server, session, None) as again:
                event = json.loads(await again.recv())
                if event["type"] == "error":
                    assert (event["error"]["code"], event["error"]["param"]) == ("session_not_found", "session")
                    assert await close_code(again) == 4404
                    return


async def test_a_gap_is_told_and_the_session_goes_on_waiting(live_server: LiveServer) -> None:
    websocket, session = await begun(live_server)
    last = (await read(websocket, "conversation.created"))[-1]["event_id"]
    vanish(websocket)
    error = await refused(live_server, session, "event_unheard_of")
    assert (error["code"], error["param"], error["close"]) == ("resume_gap", "after", 4410)
    async with back(live_server, session, last) as again:
        assert json.loads(await again.recv())["missed"] == 0


async def test_a_session_is_about_its_camera(live_server: LiveServer) -> None:
    websocket, session = await begun(live_server)
    vanish(websocket)
    error = await refused(live_server, f"{session}&model=askcam")
    assert (error["code"], error["close"]) == ("model_cannot_change", 4400)


async def test_a_pushed_camera_waits_with_its_session(live_server: LiveServer) -> None:
    websocket, session = await begun(live_server, "push:")
    created = await read(websocket, "conversation.created")
    await send(websocket, type="session.update", session={"askcam": {"events": ["camera.state"]}})
    await websocket.send((0).to_bytes(8, "big") + jpeg())
    while (state := await until(websocket, "camera.state"))["state"] != "live":
        pass
    vanish(websocket)
    async with back(live_server, session, state["event_id"]) as again:
        resumed = json.loads(await again.recv())
        name = resumed["session"]["askcam"]["camera"]
        assert name == state["camera"]
        assert created
        response: dict[str, Any] = {"status": "failed"}
        async with asyncio.timeout(TIMEOUT_S):
            while response["status"] == "failed":  # on a busy machine the frame may be too old by then
                await again.send((0).to_bytes(8, "big") + jpeg())
                await ask(again)
                response = (await until(again, "response.done"))["response"]
        assert response["askcam"]["camera"] == name
        assert response["askcam"]["window"]["version"] >= 1


async def test_what_waits_and_who_came_back_is_counted(live_server: LiveServer) -> None:
    def value(text: str, name: str) -> float:
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    async with httpx.AsyncClient(base_url=live_server.url, timeout=60) as http:
        before = value((await http.get("/metrics")).text, 'askcam_sessions_resumed_total{outcome="resumed"}')
        websocket, session = await begun(live_server)
        last = (await read(websocket, "conversation.created"))[-1]["event_id"]
        vanish(websocket)
        async with asyncio.timeout(TIMEOUT_S):
            while value((await http.get("/metrics")).text, "askcam_sessions_parked") < 1:
                pass
        async with back(live_server, session, last) as again:
            await again.recv()
            after = value((await http.get("/metrics")).text, 'askcam_sessions_resumed_total{outcome="resumed"}')
    assert after == before + 1


async def test_another_role_s_session_is_as_unknown_as_none_and_the_end_of_the_server_is_theirs() -> None:
    tokens = {"ASKCAM_TOKEN": "open-sesame", "ASKCAM_ADMIN_TOKEN": "open-barley"}
    with live_server(cameras=["lobby=synthetic:3"], env=tokens) as server:
        viewer, admin = ({"Authorization": f"Bearer {token}"} for token in tokens.values())
        async with contextlib.AsyncExitStack() as stack:
            websocket = await stack.enter_async_context(
                connect(f"{server.ws_url}/v1/realtime?model=lobby", additional_headers=viewer, open_timeout=60)
            )
            session = (await until(websocket, "session.created"))["session"]["id"]
            vanish(websocket)
        foreign = await refused(server, session, **admin)
        unknown = await refused(server, "sess_0123", **admin)
        assert foreign["code"] == unknown["code"] == "session_not_found"
        assert foreign["message"].replace(session, "X") == unknown["message"].replace("sess_0123", "X")
        assert server.stop(signal.SIGTERM) == 0  # it does not wait for those who are away
