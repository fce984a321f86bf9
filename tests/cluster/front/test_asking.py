"""One question to cameras of several shards: each shard asks its own, and one answer is made of all."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from support.fronts import fronted, taken_down
from support.servers.fake_shard import Answer, FakeShard, Heard, begin, say, tell
from support.waiting import comes_true

ASK, CHAT = "/v1/ask", "/v1/chat/completions"


def saw(camera: str | None, **more: Any) -> dict[str, Any]:
    told = {"camera": camera, "window": None, "frame_age_ms": 5.0, "ttft_ms": 1.0, "answer_id": f"ans_{camera}"}
    return {**told, "health": [], "backend": "live", **more}


def answered(camera: str, text: str | None, **more: Any) -> dict[str, Any]:
    problem = None if text is not None else {"code": "camera_unavailable", "message": f"{camera} is dark"}
    told = {"camera": camera, "text": text, "problem": problem, "askcam": saw(camera) if text is not None else None}
    return {"type": "camera.answered", "answer": told | more}


def done(made_by: str) -> dict[str, Any]:
    return {"type": "done", "reply": {"text": "of mine alone", "made_by": made_by, "askcam": saw(None)}}


def tells(*events: dict[str, Any]) -> Answer:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await begin(writer, "text/event-stream")
        for event in events:
            await say(writer, b"data: " + json.dumps(event).encode() + b"\n\n")
        await say(writer, b"data: [DONE]\n\n")
        await say(writer, b"")

    return answer


def refuses(status: int, code: str) -> Answer:
    async def answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(
            writer, status, {"error": {"message": f"no: {code}", "type": "x", "code": code, "param": "question"}}
        )

    return answer


def two(made_by: str = "listing") -> tuple[FakeShard, FakeShard]:
    one = FakeShard(["lobby", "gate"])
    one.answers[ASK] = tells(answered("gate", "No."), answered("lobby", "Yes."), done(made_by))
    return one, FakeShard(["yard"], answers={ASK: tells(answered("yard", "Yes."), done(made_by))})


async def asked(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    return await client.post(ASK, json={"question": "Is it open?", **more})


async def streamed(client: httpx.AsyncClient, **more: Any) -> list[Any]:
    reply = (await asked(client, stream=True, **more)).raise_for_status()
    blocks = [block.removeprefix("data: ") for block in reply.text.strip().split("\n\n")]
    return [block if block == "[DONE]" else json.loads(block) for block in blocks]


async def test_each_shard_asks_its_own_and_one_answer_is_made_of_all_in_the_order_that_was_asked() -> None:
    one, other = two()
    async with fronted(one, other) as (_, client):
        reply = (await asked(client, cameras=["yard", "lobby", "gate"], max_tokens=7)).raise_for_status().json()
    assert [each["camera"] for each in reply["askcam"]["answers"]] == ["yard", "lobby", "gate"]
    assert (reply["text"], reply["made_by"]) == ("yard, lobby: Yes.\ngate: No.", "listing")
    assert reply["askcam"]["camera"] is None
    assert reply["askcam"]["answer_id"] not in {"ans_None", "ans_yard", "ans_lobby", "ans_gate"}
    for shard, names in ((one, ["lobby", "gate"]), (other, ["yard"])):
        (heard,) = (json.loads(each.body) for each in shard.heard)
        assert heard == {"question": "Is it open?", "cameras": names, "max_tokens": 7, "stream": True}


async def test_all_are_asked_where_none_is_named() -> None:
    async with fronted(*two()) as (_, client):
        reply = (await asked(client)).raise_for_status().json()
    assert [each["camera"] for each in reply["askcam"]["answers"]] == ["lobby", "gate", "yard"]


async def test_answers_are_told_as_they_come_and_the_one_answer_at_last() -> None:
    async with fronted(*two()) as (_, client):
        *answers, text, last, end = await streamed(client)
    assert {each["answer"]["camera"] for each in answers} == {"lobby", "gate", "yard"}
    assert (text["type"], last["type"], end) == ("text.delta", "done", "[DONE]")
    assert last["reply"]["text"] == text["text"]


async def test_which_cameras_show_something_is_told_by_the_probabilities_of_all() -> None:
    one = FakeShard(["lobby"], answers={ASK: tells(answered("lobby", "Yes.", probability=0.61), done("probabilities"))})
    other = FakeShard(["yard"], answers={ASK: tells(answered("yard", "Yes.", probability=0.97), done("probabilities"))})
    async with fronted(one, other) as (_, client):
        reply = (await asked(client)).json()
    assert (reply["text"], reply["made_by"]) == ("yard (97%), lobby (61%)", "probabilities")


@pytest.mark.parametrize("words", ["a sentence", None])
async def test_a_model_that_talks_words_the_one_answer_and_where_it_cannot_they_stand_side_by_side(
    words: str | None,
) -> None:
    async def worded(request: Heard, writer: asyncio.StreamWriter) -> None:
        (message,) = json.loads(request.body)["messages"]
        assert all(name in message["content"] for name in ("lobby", "gate", "yard", "Is it open?"))
        if words is None:
            await tell(writer, 503, {"error": {"message": "it loads", "code": "model_loading"}})
            return
        text, end = {"delta": {"content": words}}, {"delta": {}, "finish_reason": "stop"}
        await tells({"choices": [text]}, {"choices": [end], "askcam": saw(None)})(request, writer)

    one, other = two("model")
    one.answers[CHAT] = other.answers[CHAT] = worded
    async with fronted(one, other) as (_, client):
        reply = (await asked(client)).json()
    assert (reply["text"], reply["made_by"]) == (
        (words, "model") if words else ("lobby, yard: Yes.\ngate: No.", "listing")
    )


FAULTS: dict[str, tuple[Answer, str]] = {
    "it is busy": (refuses(429, "busy"), "busy"),
    "its model loads": (refuses(503, "model_loading"), "model_loading"),
    "a camera is gone by now": (refuses(404, "model_not_found"), "model_not_found"),
    "it fails amid": (tells({"error": {"message": "x", "code": "engine_failure"}}), "engine_failure"),
    "it ends too early": (tells(), "shard_failed"),
    "it tells another's camera": (tells(answered("gate", "Yes."), done("listing")), "shard_failed"),
    "it tells no answer": (tells({"type": "camera.answered", "answer": {"camera": "yard"}}), "shard_failed"),
    "it tells nothing that can be read": (tells({"type": 5}, {}), "shard_failed"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_keeps_one_shard_from_answering_is_told_of_its_cameras_alone(fault: str) -> None:
    answer, code = FAULTS[fault]
    one, _ = two()
    async with fronted(one, FakeShard(["yard"], answers={ASK: answer})) as (_, client):
        answers = (await asked(client)).raise_for_status().json()["askcam"]["answers"]
    assert [(each["camera"], each["text"]) for each in answers] == [("lobby", "Yes."), ("gate", "No."), ("yard", None)]
    assert answers[2]["problem"]["code"] == code
    assert answers[2]["problem"]["message"]


async def test_cameras_of_a_shard_that_is_down_have_no_answer_and_the_others_have() -> None:
    one, other = two()
    async with fronted(one, other) as (front, client):
        await taken_down(front, other)
        answers = (await asked(client)).raise_for_status().json()["askcam"]["answers"]
    assert [each["problem"] and each["problem"]["code"] for each in answers] == [None, None, "shard_down"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_mistake_in_the_question_is_told_as_a_server_tells_it(stream: bool) -> None:
    wrong = refuses(400, "invalid_value")
    async with fronted(FakeShard(["lobby"], answers={ASK: wrong}), FakeShard(["yard"], answers={ASK: wrong})) as (
        _,
        client,
    ):
        reply = await asked(client, stream=stream, max_tokens="x")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "question")


async def test_where_no_camera_answers_the_question_is_refused_with_why() -> None:
    dark = FakeShard(["lobby"], answers={ASK: tells(answered("lobby", None))})
    async with fronted(dark, FakeShard(["yard"], answers={ASK: refuses(429, "busy")})) as (_, client):
        reply = await asked(client)
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "camera_unavailable")
        assert "lobby is dark" in reply.json()["error"]["message"]
        *_, last = await streamed(client)
        assert last["error"]["code"] == "camera_unavailable"


@pytest.mark.parametrize(
    "body", [{"cameras": []}, {"cameras": [5]}, {"cameras": {}}, {"cameras": None}, {"cameras": "lobby"}]
)
async def test_what_names_no_cameras_is_the_shards_to_refuse(body: dict[str, Any]) -> None:
    wrong = refuses(400, "invalid_value")
    async with fronted(FakeShard(["lobby"], answers={ASK: wrong}), FakeShard(["yard"], answers={ASK: wrong})) as (
        _,
        client,
    ):
        assert (await asked(client, **body)).status_code == 400


@pytest.mark.parametrize("cameras", [None, "all", ["all"], ["all", "lobby"]], ids=str)
async def test_all_cameras_are_those_of_all_shards_however_that_is_said(cameras: Any) -> None:
    async with fronted(*two()) as (_, client):
        told = (await asked(client, cameras=cameras)).json()["askcam"]["answers"]
    assert [each["camera"] for each in told] == ["lobby", "gate", "yard"]


async def test_a_camera_that_is_called_all_is_one() -> None:
    one, other = FakeShard(["all"], answers={ASK: tells(answered("all", "Yes."), done("listing"))}), two()[0]
    async with fronted(one, other) as (_, client):
        await asked(client, cameras=["all"])
    assert (len(one.heard), other.heard) == (1, [])


async def test_a_camera_that_is_not_there_is_told_before_anything_is_asked() -> None:
    one, other = two()
    async with fronted(one, other) as (_, client):
        assert (await asked(client, cameras=["lobby", "nowhere"])).status_code == 404
    assert not one.heard + other.heard


async def test_a_shard_that_is_found_to_be_down_amid_the_question_is_waited_for_no_longer() -> None:
    async def hangs(request: Heard, writer: asyncio.StreamWriter) -> None:
        await begin(writer, "text/event-stream")
        await asyncio.Event().wait()

    one, _ = two()
    other = FakeShard(["yard"], answers={ASK: hangs})
    async with fronted(one, other) as (front, client):
        asking = asyncio.create_task(asked(client))
        await comes_true(lambda: other.heard, "it to be asked")
        front.core.directory.shards[1].health.failed("as a test has it")
        front.core.directory.shards[1].cut()
        answers = (await asking).raise_for_status().json()["askcam"]["answers"]
    assert [each["problem"] and each["problem"]["code"] for each in answers] == [None, None, "shard_down"]


async def test_whoever_leaves_ends_it_on_all_shards() -> None:
    async def never(request: Heard, writer: asyncio.StreamWriter) -> None:
        await begin(writer, "text/event-stream")
        await asyncio.Event().wait()

    shards = FakeShard(["lobby"], answers={ASK: never}), FakeShard(["yard"], answers={ASK: never})
    async with fronted(*shards) as (_, client):
        asking = asyncio.create_task(asked(client))
        await comes_true(lambda: all(shard.heard for shard in shards), "both to be asked")
        asking.cancel()
        await comes_true(lambda: all(shard.left for shard in shards), "both to be left")
