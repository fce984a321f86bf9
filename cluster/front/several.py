"""POST /v1/ask: one question to several cameras. Of one shard it goes there; of several, all are asked (asking.py)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.several import AskCameraAnswered, AskDone, AskReply
from askcam.cluster.front.asking import MODEL, AskSeveral, Replies
from askcam.cluster.front.choosing import choose, enter, who
from askcam.cluster.front.core import FrontCore, route
from askcam.server.answering.several import ALL, merged, named_cameras
from askcam.server.openai.chat.replies import ChatReplies
from askcam.server.steps import CameraAnswered, Done, Step
from askcam.server.wire.ask_reply import answered
from askcam.server.wire.bodies import plain, read_aside
from askcam.server.wire.endpoint import Endpoint


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
        return await answered(request, steps, stream=body.get("stream") is True)

    return [route("POST", "/v1/ask", asked)]
