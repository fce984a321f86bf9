"""POST /v1/ask: one question to several cameras. Of one shard it goes there; of several, all are asked (asking.py)."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.protocol import Problem
from askcam.client.several import AskCameraAnswered, AskDone, AskEvent, AskReply, AskTextDelta
from askcam.cluster.front.asking import MODEL, AskSeveral, Replies, last
from askcam.cluster.front.choosing import choose, enter, who
from askcam.cluster.front.core import FrontCore, route
from askcam.server.answering.several import ALL, merged, named_cameras
from askcam.server.errors import Refusal, called
from askcam.server.openai.chat.replies import ChatReplies
from askcam.server.steps import CameraAnswered, Done, MergedDone, Step, TextDelta
from askcam.server.wire.bodies import NO_STORE, json_response, plain, read_aside, server_sent
from askcam.server.wire.endpoint import SSE, Endpoint
from askcam.server.wire.leaving import until_told, while_there
from askcam.server.wire.refusals import on_wire

NAMES = {"model": "cameras"}  # of this body's field, by what other protocols call it


class AskReplies:
    """The events of a shard's POST /v1/ask, read."""

    def __init__(self) -> None:
        self._reply: AskReply | None = None

    def take(self, told: Mapping[str, Any]) -> list[Step]:
        """Raises ValueError."""
        match told.get("type"):
            case "camera.answered":
                return [CameraAnswered(msgspec.convert(told, AskCameraAnswered).answer)]
            case "done":
                self._reply = msgspec.convert(told, AskDone).reply
        return []

    def done(self) -> Done | None:
        reply = self._reply
        return None if reply is None else merged(reply.text, reply.askcam, reply.made_by)


class AskQuestion:
    """A body of POST /v1/ask, as shards are asked it."""

    formed = False

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body, self.question = body, str(body.get("question", ""))

    def of_cameras(self, cameras: Sequence[str]) -> tuple[str, dict[str, Any], Replies]:
        return "/v1/ask", {**self._body, "cameras": cameras, "stream": True}, AskReplies()

    def in_words(self, text: str) -> tuple[str, dict[str, Any], Replies]:
        body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "stream": True}
        body |= {name: self._body[name] for name in ("max_tokens", "temperature") if name in self._body}
        return "/v1/chat/completions", body, ChatReplies()


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory

    async def asked(request: Request) -> Response:
        """POST /v1/ask."""
        core.admit_question(request)
        data = await request.body()
        found = await read_aside(data, who)
        if found is None:
            return await core.relay(directory.any(), request)  # which says what is wrong with it
        several = choose(core, named_cameras(found.cameras, all_is_one=directory.has(ALL)))
        if several.single:
            return await core.relay(next(iter(several.shards), directory.any()), request)
        enter(core, request, several)
        body = await read_aside(data, plain)
        steps = AskSeveral(request, AskQuestion(body), several).steps()
        with called(NAMES):
            if body.get("stream") is not True:
                return json_response(_reply(await while_there(request, last(steps))), headers=NO_STORE)
            first = await until_told(steps, request)
        return StreamingResponse(_events(first, steps), media_type=SSE, headers={"Cache-Control": "no-store"})

    return [route("POST", "/v1/ask", asked)]


def _reply(done: Done) -> AskReply:
    assert isinstance(done, MergedDone), "an answer that is made of others' says how"
    return AskReply(done.text, done.made_by, done.saw)


async def _events(first: Step, steps: AsyncGenerator[Step, None]) -> AsyncGenerator[bytes, None]:
    """As server-sent events, to [DONE]; what goes wrong on the way is the last one."""
    async with contextlib.aclosing(steps):
        try:
            with called(NAMES):
                if (event := _told(first)) is not None:
                    yield server_sent(event)
                async for step in steps:
                    if (event := _told(step)) is not None:
                        yield server_sent(event)
        except Refusal as refusal:
            yield server_sent(Problem(on_wire(refusal).body()))
            return
        yield b"data: [DONE]\n\n"


def _told(step: Step) -> AskEvent | None:
    match step:
        case CameraAnswered():
            return AskCameraAnswered(step.answer)
        case TextDelta():
            return AskTextDelta(step.text)
        case Done():
            return AskDone(_reply(step))
    return None
