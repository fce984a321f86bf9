"""Writes one answer as a chat completion, or as the chunks of its stream, in OpenAI's words."""

import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import msgspec

from askcam.client.protocol import Problem
from askcam.engine.question import TokenLogprob, Usage
from askcam.server.errors import Refusal
from askcam.server.openai.chat.tools import written
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
from askcam.server.wire.bodies import server_sent
from askcam.server.wire.refusals import on_wire

LEAST = -9999.0  # OpenAI's word for "very unlikely"; JSON has no minus infinity


async def events(first: Step, steps: AsyncGenerator[Step, None], writer: "ChatWriter") -> AsyncIterator[bytes]:
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


class ChatWriter:
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
