"""`model: "all"` over cameras of several shards, in chat completions and in responses: asked as POST /v1/ask is
(asking.py), and written by a server's own writers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.cluster.front.asking import MODEL, AskSeveral, Replies, Several
from askcam.server.errors import called
from askcam.server.openai.chat.body import ChatRequest, TextFormat, TextPart
from askcam.server.openai.chat.reading import read_body as read_chat
from askcam.server.openai.chat.replies import ChatReplies
from askcam.server.openai.chat.writer import ChatWriter
from askcam.server.openai.chat.writer import events as chat_events
from askcam.server.openai.responses.body import ResponseRequest
from askcam.server.openai.responses.reading import NAMES
from askcam.server.openai.responses.replies import ResponseReplies
from askcam.server.openai.responses.writer import ResponseWriter
from askcam.server.openai.responses.writer import events as response_events
from askcam.server.steps import end_of
from askcam.server.wire.bodies import json_response, plain, read_aside
from askcam.server.wire.endpoint import SSE
from askcam.server.wire.leaving import until_told, while_there

SYSTEM = ("system", "developer")
# Of `askcam`: what a model alone has not.
OF_CAMERAS = ("max_age_ms", "max_wait_ms", "unwell", "on_scene_change", "zone")
NO_STORE = {"Cache-Control": "no-store"}


class ChatQuestion:
    """A body of POST /v1/chat/completions, as shards are asked it."""

    path = "/v1/chat/completions"

    def __init__(self, values: Mapping[str, Any], body: ChatRequest) -> None:
        """`values`: as it was sent; `body`: as it was read."""
        self._values = {name: value for name, value in values.items() if name != "stream_options"}
        self._told = {"stream": True, "stream_options": {"include_usage": True}}
        self._system = [message for message in _dicts(values.get("messages")) if message.get("role") in SYSTEM]
        self.question = _last_words([(message.role, _words(message.content)) for message in body.messages])
        self.formed = not isinstance(body.response_format, TextFormat | None)

    def of_cameras(self, cameras: Sequence[str]) -> tuple[str, dict[str, Any], Replies]:
        return self.path, {**self._values, **self._told}, ChatReplies()

    def in_words(self, text: str) -> tuple[str, dict[str, Any], Replies]:
        messages = [*self._system, {"role": "user", "content": text}]
        body = {**self._values, **self._told, "model": MODEL, "messages": messages, "askcam": _wishes(self._values)}
        return self.path, body, ChatReplies()


class ResponseQuestion:
    """A body of POST /v1/responses, as shards are asked it: with all turns that it follows, and kept by none."""

    path = "/v1/responses"

    def __init__(self, values: Mapping[str, Any], body: ResponseRequest, before: Sequence[Mapping[str, Any]]) -> None:
        """`before`: the turns that it follows, as JSON."""
        self._values = {**following(values, before), "store": False}
        turns = turns_of(self._values.get("input"))
        self._system = [turn for turn in turns if turn.get("role") in SYSTEM]
        said = [(str(turn.get("role", "user")), _words(turn.get("content"))) for turn in turns]
        self.question = _last_words([("system", body.instructions or ""), *said])
        self.formed = body.text is not None and not isinstance(body.text.format, TextFormat | None)

    def of_cameras(self, cameras: Sequence[str]) -> tuple[str, dict[str, Any], Replies]:
        return self.path, {**self._values, "stream": False}, ResponseReplies()

    def in_words(self, text: str) -> tuple[str, dict[str, Any], Replies]:
        turns = [*self._system, {"role": "user", "content": text}]
        own = {"model": MODEL, "input": turns, "stream": True, "askcam": _wishes(self._values)}
        return self.path, {**self._values, **own}, ResponseReplies()


def following(values: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A body of POST /v1/responses that has the turns with it which it follows."""
    kept = {name: value for name, value in values.items() if name != "previous_response_id"}
    return kept | {"input": [*before, *turns_of(values.get("input"))]} if before else kept


def turns_of(given: Any) -> list[dict[str, Any]]:
    """The turns of an `input`, as JSON."""
    turns = given if isinstance(given, list) else [given]
    return [{"role": "user", "content": turn} if isinstance(turn, str) else turn for turn in turns if turn is not None]


async def chat_of_all(request: Request, several: Several) -> Response:
    """Raises Refusal, RefusedThere."""
    data = await request.body()
    body, values = await read_aside(data, read_chat), await read_aside(data, plain)
    steps = AskSeveral(request, ChatQuestion(values, body), several).steps()
    with_usage = body.stream_options is not None and body.stream_options.include_usage
    writer = ChatWriter(body.model, with_usage, with_logprobs=bool(body.logprobs))
    if not body.stream:
        return json_response(writer.completion(await while_there(request, end_of(steps))))
    first = await until_told(steps, request)
    return StreamingResponse(chat_events(first, steps, writer), media_type=SSE, headers=NO_STORE)


async def response_of_all(
    request: Request,
    several: Several,
    body: ResponseRequest,
    before: Sequence[Mapping[str, Any]],
    keep: Callable[[ResponseWriter], None],
) -> Response:
    """`before`: the turns that it follows; `keep`: what becomes of the answer. Raises Refusal, RefusedThere."""
    values = await read_aside(await request.body(), plain)
    steps = AskSeveral(request, ResponseQuestion(values, body, before), several).steps()
    writer = ResponseWriter(body)
    with called(NAMES):
        if not body.stream:
            answer = writer.whole(await while_there(request, end_of(steps)))
            keep(writer)
            return json_response(answer)
        first = await until_told(steps, request)
    told = response_events(first, steps, writer, lambda: keep(writer))
    return StreamingResponse(told, media_type=SSE, headers=NO_STORE)


def _wishes(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of `askcam` where no camera is asked."""
    wishes = values.get("askcam")
    kept = wishes if isinstance(wishes, dict) else {}
    return {name: value for name, value in kept.items() if name not in OF_CAMERAS} | {"tools": []}


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [each for each in (values if isinstance(values, list) else ()) if isinstance(each, dict)]


def _words(content: Any) -> str:
    """The text of a turn, as JSON or as it was read."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    texts = [each.text if isinstance(each, TextPart) else each.get("text") for each in parts if _is_part(each)]
    return "".join(text for text in texts if isinstance(text, str))


def _is_part(part: Any) -> bool:
    return isinstance(part, TextPart | dict)


def _last_words(said: Sequence[tuple[str, str]]) -> str:
    """The words of the question: the user's last, or a system's where no user says anything."""
    for roles in (("user",), SYSTEM):
        for role, text in reversed(said):
            if role in roles and text.strip():
                return text.strip()
    return ""
