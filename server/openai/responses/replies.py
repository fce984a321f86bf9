"""Responses of another askcam server, read back into the steps that they were written from. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from askcam.engine.question import Reason, Timings, Usage
from askcam.server.errors import Unavailable
from askcam.server.openai.responses.shapes import OutputMessage, OutputReasoning, Response, ResponseUsage
from askcam.server.steps import CameraAnswered, Done, Step, TextDelta, ThoughtDelta


class ResponseReplies:
    """The events of one stream, in their order; or one whole response."""

    def __init__(self) -> None:
        self._response: Response | None = None

    def take(self, told: Mapping[str, Any]) -> list[Step]:
        """Raises ValueError for what no server of ours says, and Unavailable for a response that failed."""
        match told:
            case {"type": "response.output_text.delta", "delta": str(text)}:
                return [TextDelta(text)]
            case {"type": "response.reasoning_text.delta", "delta": str(text)}:
                return [ThoughtDelta(text)]
            case {"type": "response.completed" | "response.incomplete" | "response.failed", "response": dict(response)}:
                return self._over(response)
            case {"object": "response"}:
                return self._over(told)
        return []

    def _over(self, told: Mapping[str, Any]) -> list[Step]:
        response = msgspec.convert(told, Response)
        if response.error is not None:
            raise Unavailable(response.error.message, code=response.error.code)
        self._response = response
        answers = [] if response.askcam is None else response.askcam.answers or []
        return [CameraAnswered(answer) for answer in answers]

    def done(self) -> Done | None:
        """Its end; None: it had none."""
        response = self._response
        if response is None or response.askcam is None:
            return None
        words = [part.text for item in response.output if isinstance(item, OutputMessage) for part in item.content]
        thought = [part.text for item in response.output if isinstance(item, OutputReasoning) for part in item.content]
        reason = Reason.LENGTH if response.status == "incomplete" else Reason.STOP
        used = Usage() if response.usage is None else _used(response.usage)
        return Done(reason, "".join(words), response.askcam, used, Timings(), thought="".join(thought))


def _used(told: ResponseUsage) -> Usage:
    return Usage(told.input_tokens, 0, told.input_tokens_details.cached_tokens, told.output_tokens)
