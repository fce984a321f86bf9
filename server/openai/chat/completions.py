"""POST /v1/chat/completions: OpenAI's oldest door. Wire in, asking, wire out (plain JSON or server-sent events)."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.protocol import Problem
from askcam.engine.question import TokenLogprob, Usage
from askcam.server.access.shares import client_of
from askcam.server.core import Core
from askcam.server.errors import Refusal
from askcam.server.openai.addresses import in_chat
from askcam.server.openai.chat.reading import read_body
from askcam.server.openai.chat.request import ChatRequest, read, shows
from askcam.server.openai.chat.shapes import ChatChunk, ChatCompletion
from askcam.server.openai.chat.tools import written
from askcam.server.openai.outcome import ANSWER_LINKS, check_stream, whole
from askcam.server.steps import (
    Begun,
    Called,
    CameraAnswered,
    Changed,
    Done,
    Returned,
    SeenStep,
    Step,
    TextDelta,
    ThoughtDelta,
)
from askcam.server.wire.bodies import json_response, read_aside, server_sent
from askcam.server.wire.endpoint import JSON, SSE, Endpoint, EventStream, Reply
from askcam.server.wire.leaving import until_told
from askcam.server.wire.refusals import on_wire

LEAST = -9999.0  # OpenAI's word for "very unlikely"; JSON has no minus infinity


def endpoints(core: Core) -> list[Endpoint]:
    async def complete(request: Request) -> Response:
        core.admit_question(request)  # before its body is read: that may cost most
        body = await read_aside(await request.body(), read_body)
        await core.fetcher.put(in_chat(body), client_of(request))
        if shows(body):
            ask = await core.decoding.run(
                client_of(request).key,
                lambda budget: read(body, core.limits, budget),
                request.is_disconnected,
                core.model_of(body.model, body.askcam.model if body.askcam else None).fit_picture,
            )
        else:
            ask = await asyncio.to_thread(read, body, core.limits)
        ask = replace(ask, client=client_of(request))
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        writer = _Writer(body.model, with_usage, with_logprobs=bool(body.logprobs))
        if not body.stream:
            return json_response(writer.completion(await whole(core.asking, ask, request)))
        check_stream(ask)
        steps = core.asking.ask(ask)
        first = await until_told(steps, request)
        return StreamingResponse(
            _events(first, steps, writer), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    return [
        Endpoint(
            method="POST",
            path="/v1/chat/completions",
            handler=complete,
            name="createChatCompletion",
            what="Ask. With `stream`, chunks come as server-sent events; refusals before the first word have their own "
            "status",
            replies={
                200: Reply(
                    "the answer",
                    {JSON: ChatCompletion, SSE: EventStream((ChatChunk, Problem), "[DONE]")},
                    links=ANSWER_LINKS,
                )
            },
            body=ChatRequest,
            errors=(400, 404, 503),
            tag="asking",
        )
    ]


async def _events(first: Step, steps: AsyncGenerator[Step, None], writer: "_Writer") -> AsyncIterator[bytes]:
    async with contextlib.aclosing(steps):
        yield server_sent(writer.chunk({"role": "assistant", "content": ""}))
        try:
            for chunk in writer.chunks(first):
                yield server_sent(chunk)
            if not isinstance(first, Done):
                async for step in steps:
                    for chunk in writer.chunks(step):
                        yield server_sent(chunk)
        except Refusal as exc:  # the status line is gone: OpenAI's SDKs raise on a chunk that holds `error`
            yield server_sent(msgspec.to_builtins(Problem(on_wire(exc).body())))
            return
        yield b"data: [DONE]\n\n"


def usage(count: Usage) -> dict[str, Any]:
    """OpenAI's CompletionUsage."""
    return {
        "prompt_tokens": count.prompt_tokens,
        "completion_tokens": count.completion_tokens,
        "total_tokens": count.prompt_tokens + count.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": count.cached_tokens},
    }


class _Writer:
    """Writes one answer as a completion or as its chunks."""

    def __init__(self, model: str, with_usage: bool, with_logprobs: bool) -> None:
        self.model, self.with_usage, self.with_logprobs = model, with_usage, with_logprobs
        self.created = int(time.time())
        self.id = f"chatcmpl-{time.time_ns():x}"

    def completion(self, done: Done) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": done.text, "refusal": None}
        if done.thought:
            message["reasoning_content"] = done.thought
        if done.calls:
            message |= {"content": done.text or None, "tool_calls": written(done)}
        choice = {"index": 0, "message": message, "logprobs": self.logprobs(done), "finish_reason": finish_reason(done)}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [choice],
            "usage": usage(done.usage),
            "askcam": done.saw,
        }

    def chunk(
        self, delta: dict[str, Any], finish: str | None = None, logprobs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}],
        }

    def chunks(self, step: Step) -> list[dict[str, Any]]:
        match step:
            case ThoughtDelta():
                return [self.chunk({"reasoning_content": step.text})]
            case TextDelta():
                return [self.chunk({"content": step.text}, logprobs=self.logprobs(step))]
            case Done():
                calls = [{"index": i, **call} for i, call in enumerate(written(step))]
                last = [self.chunk({"tool_calls": calls})] if calls else []
                last.append(self.chunk({}, finish_reason(step)) | {"askcam": step.saw})
                if self.with_usage:
                    last.append(self.chunk({}) | {"choices": [], "usage": usage(step.usage)})
                return last
            case Called() if step.server is not None:
                call = {"id": step.call.id, "name": step.call.name, "server": step.server}
                return [self.chunk({}) | {"askcam_event": {"type": "tool.called", **call}}]
            case Returned():
                return [self.chunk({}) | {"askcam_event": {"type": "tool.returned", "tool": step.tool}}]
            case Changed():
                told = {"type": "scene.changed", "changed_at": step.changed_at, "share": step.share}
                return [self.chunk({}) | {"askcam_event": told}]
            case CameraAnswered():
                return [self.chunk({}) | {"askcam_event": {"type": "camera.answered", "answer": step.answer}}]
            case Begun() | SeenStep() | Called():
                return []

    def logprobs(self, step: TextDelta | Done) -> dict[str, Any] | None:
        """OpenAI's ChoiceLogprobs of a chunk's tokens or of all; None where they were not asked for."""
        if not self.with_logprobs:
            return None
        content = [token(one) | {"top_logprobs": [token(other) for other in one.top]} for one in step.logprobs]
        return {"content": content, "refusal": None}


def token(one: TokenLogprob) -> dict[str, Any]:
    """OpenAI's TopLogprob."""
    return {"token": one.text, "logprob": max(one.logprob, LEAST), "bytes": None if one.raw is None else list(one.raw)}


def finish_reason(done: Done) -> str:
    """`stop`, `length` or `tool_calls`; a cancelled answer has no reader here."""
    if done.calls:
        return "tool_calls"
    return "length" if done.reason.value == "length" else "stop"
