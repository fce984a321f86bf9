"""`model: "all"` over cameras of several shards, and answers that are followed elsewhere: as of one server."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from support.fronts import fronted, taken_down
from support.servers.fake_shard import FakeShard, Heard, begin, say, tell

from askcam.client.protocol import CameraAnswer, CameraProblem, Saw, encode
from askcam.engine.question import Reason, Timings, Usage
from askcam.server.access.limits import Limits
from askcam.server.openai.chat.writer import ChatWriter
from askcam.server.openai.chat.writer import events as chat_events
from askcam.server.openai.responses.reading import read_body
from askcam.server.openai.responses.writer import ResponseWriter
from askcam.server.openai.responses.writer import events as response_events
from askcam.server.steps import CameraAnswered, Done, SeenStep, Step, TextDelta

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
USED = Usage(10, 0, 2, 3)
WORDS = "The gate is open."


def saw(camera: str | None, answers: list[CameraAnswer] | None = None) -> Saw:
    return Saw(camera, None, 5.0, 1.0, f"ans_{camera}", [], "live", answers=answers)


def answer(camera: str, text: str | None, probability: float | None = None) -> CameraAnswer:
    problem = None if text is not None else CameraProblem("camera_unavailable", f"{camera} is dark")
    return CameraAnswer(camera, text, problem, None if text is None else saw(camera), probability)


@dataclass
class Shard(FakeShard):
    """One that answers as a server does, with a server's own writers: of its cameras `told`, all together `text`, and
    WORDS where it is asked without a camera."""

    told: Sequence[CameraAnswer] = ()
    text: str = "worded by its own model"
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # turns by response
    more: bool = False  # says that there are more of them, each time

    def __post_init__(self) -> None:
        self.cameras = [each.camera for each in self.told]
        self.answers |= {CHAT: self._chat, RESPONSES: self._respond, "": self._found}

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(each.body) for each in self.heard if each.method == "POST"]

    def _steps(self, model: str) -> list[Step]:
        answers = list(self.told) if model == "all" else None
        seen, text = saw(None, answers), WORDS if answers is None else self.text
        answered: list[Step] = [CameraAnswered(each) for each in answers or ()]
        return [*answered, SeenStep(seen), TextDelta(text), Done(Reason.STOP, text, seen, USED, Timings())]

    async def _chat(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        body = json.loads(request.body)
        first, *others = self._steps(body["model"])
        await self._stream(writer, chat_events(first, _each(others), ChatWriter(body["model"], True, False)))

    async def _respond(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        body = json.loads(request.body)
        made = ResponseWriter(read_body(request.body))
        first, *others = self._steps(body["model"])
        if body.get("stream"):
            await self._stream(writer, response_events(first, _each(others), made, lambda: None))
            return
        done = others[-1]
        assert isinstance(done, Done)
        await tell(writer, 200, encode(made.whole(done)))

    async def _stream(self, writer: asyncio.StreamWriter, pieces: Any) -> None:
        await begin(writer, "text/event-stream")
        async for piece in pieces:
            if piece:
                await say(writer, piece)
        await say(writer, b"")

    async def _found(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        response_id = request.path.split("/")[3] if request.path.startswith(RESPONSES) else ""
        if response_id not in self.kept:
            await tell(writer, 404, {"error": {"message": "there is none"}})
        elif request.path.endswith("/input_items"):
            await tell(writer, 200, {"data": self.kept[response_id], "has_more": self.more, "last_id": "x"})
        else:
            output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "A dog."}]}]
            await tell(writer, 200, {"id": response_id, "object": "response", "output": output})


async def _each(steps: list[Step]) -> AsyncGenerator[Step, None]:
    for step in steps:
        yield step


def two() -> tuple[Shard, Shard]:
    one = Shard(told=[answer("lobby", "Yes."), answer("gate", None)])
    return one, Shard(told=[answer("yard", "No.")])


def asks(**more: Any) -> dict[str, Any]:
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it open?"}]
    return {"model": "all", "messages": said, **more}


def blocks(reply: httpx.Response) -> list[Any]:
    data = [line.removeprefix("data: ") for line in reply.text.splitlines() if line.startswith("data: ")]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


async def test_a_chat_is_answered_by_all_cameras_and_worded_once() -> None:
    one, other = two()
    async with fronted(one, other) as (_, client):
        reply = (await client.post(CHAT, json=asks(max_tokens=9))).raise_for_status().json()
    assert reply["choices"][0]["message"]["content"] == WORDS
    assert (reply["object"], reply["model"]) == ("chat.completion", "all")
    answers = reply["askcam"]["answers"]
    assert [(each["camera"], each["text"]) for each in answers] == [("lobby", "Yes."), ("gate", None), ("yard", "No.")]
    assert answers[1]["problem"] == {"code": "camera_unavailable", "message": "gate is dark"}
    assert reply["usage"] == {
        "prompt_tokens": 30,
        "completion_tokens": 9,
        "total_tokens": 39,
        "prompt_tokens_details": {"cached_tokens": 6},
    }, "of both shards, and of the words"
    (worded,) = (body for shard in (one, other) for body in shard.bodies if body["model"] == "askcam")
    assert worded["messages"][0]["content"] == "Be brief."
    assert "- gate: no answer" in worded["messages"][1]["content"]
    assert (worded["max_tokens"], worded["askcam"]["tools"]) == (9, [])


async def test_a_chats_stream_tells_each_answer_as_it_comes_then_the_words_and_what_was_seen() -> None:
    async with fronted(*two()) as (_, client):
        stream = {"stream": True, "stream_options": {"include_usage": True}}
        begun, *answered, words, last, used, end = blocks(await client.post(CHAT, json=asks(**stream)))
    assert begun["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert {each["askcam_event"]["answer"]["camera"] for each in answered} == {"lobby", "gate", "yard"}
    assert words["choices"][0]["delta"] == {"content": WORDS}
    assert (last["choices"][0]["finish_reason"], len(last["askcam"]["answers"])) == ("stop", 3)
    assert (used["usage"]["total_tokens"], end) == (39, "[DONE]")
    assert len({each["id"] for each in (begun, *answered, words, last, used)}) == 1


async def test_cameras_of_a_shard_that_is_down_are_named_with_why() -> None:
    one, other = two()
    async with fronted(one, other) as (front, client):
        await taken_down(front, other)
        for path, body in ((CHAT, asks()), (RESPONSES, {"model": "all", "input": "Is it open?"})):
            answers = (await client.post(path, json=body)).raise_for_status().json()["askcam"]["answers"]
            assert [each["problem"] and each["problem"]["code"] for each in answers][2] == "shard_down"
            assert "'b'" in answers[2]["problem"]["message"]


async def test_a_shard_that_was_never_met_is_named_though_nobody_knows_its_cameras() -> None:
    async def fails(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 500, {})

    async with fronted(two()[1], FakeShard(answers={"/readyz": fails})) as (_, client):
        reply = (await client.post(CHAT, json=asks())).raise_for_status().json()
        assert [each["camera"] for each in reply["askcam"]["answers"]] == ["yard"]
        assert "'b'" in reply["askcam"]["note"]
        asked = (await client.post(CHAT, json=asks(model="yard"))).raise_for_status()
        assert "'b'" not in asked.text, "nor in what has nothing to do with it"


async def test_where_all_tell_probabilities_or_none_talks_no_model_words_it() -> None:
    by_chance = [Shard(told=[answer(name, "Yes.", share)]) for name, share in (("lobby", 0.61), ("yard", 0.97))]
    listed = [Shard(told=[answer(name, "Yes.")], text=f"{name}: Yes.") for name in ("lobby", "yard")]
    for shards, text in ((by_chance, "yard (97%), lobby (61%)"), (listed, "lobby, yard: Yes.")):
        async with fronted(*shards) as (_, client):
            reply = (await client.post(CHAT, json=asks())).raise_for_status().json()
        assert reply["choices"][0]["message"]["content"] == text
        assert reply["usage"]["total_tokens"] == 26
        assert all(len(shard.bodies) == 1 for shard in shards)


async def test_a_mistake_is_told_as_a_server_tells_it() -> None:
    one, other = two()
    async with fronted(one, other) as (_, client):
        for path, body, param in (
            (CHAT, asks(messages=5), "messages"),
            (RESPONSES, {"model": "all", "input": 5}, "input"),
        ):
            reply = await client.post(path, json=body)
            assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)
    assert not one.bodies + other.bodies


async def test_no_listing_stands_where_a_form_is_wanted() -> None:
    """A model that cannot give it just now is told, with its own words."""
    shards = two()

    async def busy(request: Heard, writer: asyncio.StreamWriter) -> None:
        if json.loads(request.body)["model"] == "askcam":
            await tell(writer, 503, {"error": {"message": "it loads", "code": "model_loading"}})
        else:
            await Shard._chat(next(each for each in shards if request in each.heard), request, writer)

    for shard in shards:
        shard.answers[CHAT] = busy
    async with fronted(*shards) as (_, client):
        refused = await client.post(CHAT, json=asks(response_format={"type": "json_object"}))
        told = await client.post(CHAT, json=asks())
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "model_loading")
    assert told.json()["choices"][0]["message"]["content"] == "lobby: Yes.\ngate: no answer\nyard: No."


async def test_a_response_of_all_is_kept_and_followed_with_all_its_turns() -> None:
    one, other = two()
    async with fronted(one, other) as (_, client):
        first = (await client.post(RESPONSES, json={"model": "all", "input": "Is it open?"})).raise_for_status().json()
        assert first["output"][0]["content"][0]["text"] == WORDS
        assert (first["usage"]["total_tokens"], len(first["askcam"]["answers"])) == (39, 3)
        place = f"{RESPONSES}/{first['id']}"
        assert (await client.get(place)).json() == first
        items = (await client.get(f"{place}/input_items")).json()
        assert [each["content"][0]["text"] for each in items["data"]] == ["Is it open?"]
        follows = {"input": "And now?", "previous_response_id": first["id"]}
        for model in ("all", "yard", "askcam"):
            second = (await client.post(RESPONSES, json={"model": model, **follows})).raise_for_status().json()
            assert second["previous_response_id"] == first["id"]
        assert (await client.delete(place)).json()["deleted"] is True
        gone = await client.post(RESPONSES, json={"model": "yard", **follows})
        assert (gone.status_code, gone.json()["error"]["code"]) == (400, "previous_response_not_found")
    asked = [body for body in other.bodies if body["model"] in ("all", "yard")]
    assert [len(body["input"]) if isinstance(body["input"], list) else 1 for body in asked] == [1, 3, 3]
    assert all("previous_response_id" not in body for body in (*one.bodies, *other.bodies))
    assert all(body["store"] is False for body in asked if body["model"] == "all"), "nobody else keeps a part of it"


async def test_a_response_of_all_streams_a_servers_events() -> None:
    async with fronted(*two()) as (_, client):
        told = blocks(await client.post(RESPONSES, json={"model": "all", "input": "Is it open?", "stream": True}))
    assert [each["type"].removeprefix("response.") for each in told] == [
        *("created", "in_progress", "output_item.added", "content_part.added", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert [each["sequence_number"] for each in told] == list(range(9))
    assert len(told[-1]["response"]["askcam"]["answers"]) == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_a_response_is_followed_on_another_shard_with_all_its_turns(stream: bool) -> None:
    one, other = two()
    one.kept["resp_1"] = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "A dog?"}]}]
    body = {"model": "yard", "input": "And here?", "previous_response_id": "resp_1", "stream": stream}
    async with fronted(one, other) as (_, client):
        reply = (await client.post(RESPONSES, json=body)).raise_for_status()
    told = blocks(reply)[-1]["response"] if stream else reply.json()
    assert (told["previous_response_id"], told["status"]) == ("resp_1", "completed")
    (heard,) = other.bodies
    assert [turn["role"] for turn in heard["input"]] == ["user", "assistant", "user"]
    assert heard["input"][2]["content"] == "And here?"
    assert "previous_response_id" not in heard


TURN = {"type": "message", "role": "user", "content": "A dog?"}
LACKING: dict[str, tuple[Any, bool, str]] = {
    "no list": ({}, False, "tells no turns"),
    "no end": ([{}] * 100, True, "too many turns"),
    "longer than a question": ([TURN | {"content": "x" * 5000}], False, "longer than one question"),
    "longer than a reply": ([TURN | {"content": "x" * (9 << 20)}], False, "more than 8192 KiB"),
}


@pytest.mark.parametrize("what", LACKING)
async def test_turns_that_cannot_be_had_are_told_so_and_nobody_is_asked(what: str) -> None:
    one, other = two()
    one.kept["resp_1"], one.more, why = LACKING[what]
    body = {"model": "yard", "input": "And here?", "previous_response_id": "resp_1"}
    async with fronted(one, other, limits=Limits(max_body_bytes=4096)) as (_, client):
        reply = await client.post(RESPONSES, json=body)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (400, "previous_response_not_found")
    assert error["param"] == "previous_response_id"
    assert "shard 'a'" in error["message"]
    assert why in error["message"]
    assert not other.bodies


async def test_while_the_shard_that_keeps_it_is_down_a_response_is_not_said_to_be_gone() -> None:
    one, other = two()
    one.kept["resp_1"] = []
    async with fronted(one, other) as (front, client):
        await taken_down(front, one)
        body = {"model": "yard", "input": "And here?", "previous_response_id": "resp_1"}
        reply = await client.post(RESPONSES, json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_down")


async def test_a_shard_that_goes_down_amid_an_answer_that_follows_ends_it_with_an_error() -> None:
    one, other = two()
    one.kept["resp_1"] = []

    async def hangs(request: Heard, writer: asyncio.StreamWriter) -> None:
        await begin(writer, "text/event-stream")
        await say(writer, b'event: response.created\ndata: {"type": "response.created"}\n\n')
        await asyncio.Event().wait()

    other.answers[RESPONSES] = hangs
    body = {"model": "yard", "input": "And here?", "previous_response_id": "resp_1", "stream": True}
    async with fronted(one, other) as (front, client), client.stream("POST", RESPONSES, json=body) as reply:
        lines = reply.aiter_lines()
        assert await anext(lines) == "event: response.created"
        shard = front.core.directory.shards[1]
        shard.health.failed("as a test has it")
        shard.cut()
        told = [json.loads(line.removeprefix("data: ")) async for line in lines if line.startswith("data: ")]
    assert told[-1]["error"]["code"] == "shard_down"
