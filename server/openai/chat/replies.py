"""Chat completions of another askcam server, read back into the steps that they were written from. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from askcam.client.protocol import CameraAnswer, Saw
from askcam.engine.question import Reason, Timings, Usage
from askcam.server.steps import CameraAnswered, Done, Step, TextDelta, ThoughtDelta


class Details(msgspec.Struct):
    cached_tokens: int = 0


class ChatUsage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: Details = msgspec.field(default_factory=Details)

    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, 0, self.prompt_tokens_details.cached_tokens, self.completion_tokens)


class ChatReplies:
    """The chunks of one stream, in their order."""

    def __init__(self) -> None:
        self._text, self._thought = "", ""
        self._saw: Saw | None = None
        self._finish: str | None = None
        self._usage = Usage()

    def take(self, chunk: Mapping[str, Any]) -> list[Step]:
        """Raises ValueError for what no server of ours says."""
        steps: list[Step] = []
        if isinstance(told := chunk.get("usage"), dict):
            self._usage = msgspec.convert(told, ChatUsage).usage()
        if isinstance(event := chunk.get("askcam_event"), dict) and event.get("type") == "camera.answered":
            steps.append(CameraAnswered(msgspec.convert(event.get("answer"), CameraAnswer)))
        match chunk.get("choices"):
            case [{"delta": dict(delta), **choice}]:
                if isinstance(thought := delta.get("reasoning_content"), str) and thought:
                    self._thought += thought
                    steps.append(ThoughtDelta(thought))
                if isinstance(text := delta.get("content"), str) and text:
                    self._text += text
                    steps.append(TextDelta(text))
                if isinstance(finish := choice.get("finish_reason"), str):
                    self._finish = finish
        if (saw := chunk.get("askcam")) is not None:
            self._saw = msgspec.convert(saw, Saw)
        return steps

    def done(self) -> Done | None:
        """Its end; None: it had none."""
        if self._saw is None or self._finish is None:
            return None
        reason = Reason.LENGTH if self._finish == "length" else Reason.STOP
        return Done(reason, self._text, self._saw, self._usage, Timings(), thought=self._thought)
