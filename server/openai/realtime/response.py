"""One answer on a realtime connection: the events that tell of it, in the order that OpenAI's clients expect. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import msgspec

from askcam.client.protocol import CalledTool, Saw
from askcam.engine.calls import Call
from askcam.engine.question import Reason, Role, Usage
from askcam.server.errors import Refusal
from askcam.server.openai.realtime.call_items import CallItem, ServerCall, Turn
from askcam.server.openai.realtime.items import Item
from askcam.server.openai.realtime.settings import Settings
from askcam.server.steps import Done
from askcam.server.wire.refusals import on_wire

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Added:
    """A turn has begun; the conversation is to tell of it, if the answer is in one."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Whole:
    """A turn is complete."""

    turn: Turn


Notice = Event | Added | Whole


class ResponseState(StrEnum):
    WAITING = "waiting"  # for words: before the first ones, and after a call
    SPEAKING = "speaking"
    ENDED = "ended"


class Cause(StrEnum):
    WORDS = "words"
    CALL = "call"
    END = "end"


NEXT: Mapping[ResponseState, Mapping[Cause, ResponseState]] = {
    ResponseState.WAITING: {
        Cause.WORDS: ResponseState.SPEAKING,
        Cause.CALL: ResponseState.WAITING,
        Cause.END: ResponseState.ENDED,
    },
    ResponseState.SPEAKING: {
        Cause.WORDS: ResponseState.SPEAKING,
        Cause.CALL: ResponseState.WAITING,
        Cause.END: ResponseState.ENDED,
    },
    ResponseState.ENDED: {},
}


class RealtimeResponse:
    """Grows with its words and calls: each run of words is an item, and so is each call.

    Every method returns what to tell, the events without their ids.
    """

    def __init__(
        self,
        new_id: Callable[[str], str],
        *,
        conversation_id: str | None,
        settings: Settings,
        metadata: Mapping[str, str] | None = None,
        event_id: str | None = None,
        again: str | None = None,
    ) -> None:
        self.id, self.conversation_id = new_id("resp"), conversation_id
        self.settings, self.metadata = settings, metadata
        self.event_id = event_id  # the client event that asked for it
        self.again = again  # id of the response that this one replaces
        self.state = ResponseState.WAITING
        self.saw: Saw | None = None  # once there is a word
        self.changed = False  # the scene, since then
        self.outputs: list[Turn] = []
        self._new_id = new_id
        self._called: dict[str, int] = {}  # call id -> place in outputs
        self._words: list[str] = []  # of the message that is being spoken

    def created(self) -> list[Notice]:
        return [{"type": "response.created", "response": self._wire("in_progress", None, None)}]

    def say(self, text: str) -> list[Notice]:
        """Some more words."""
        told = self._open() if self.state is ResponseState.WAITING else []
        self._go(Cause.WORDS)
        self._words.append(text)
        return [*told, self._part("response.output_text.delta", delta=text)]

    def call(self, call: Call, server: str | None) -> list[Notice]:
        """The model calls a tool. `server` None: it is the client's, and this call is complete."""
        told = self._close("".join(self._words), "completed")
        self._go(Cause.CALL)
        self._called[call.id] = len(self.outputs)
        item_id = self._new_id("item")
        if server is None:
            return [*told, *self._function(CallItem(item_id, call.id, call.name, call.arguments, "in_progress"))]
        item = ServerCall(item_id, call.id, call.name, server, call.arguments)
        self.outputs.append(item)
        return [
            *told,
            self._event("response.output_item.added", item=item.wire()),
            Added(item),
            self._of_item("response.mcp_call_arguments.delta", delta=item.arguments),
            self._of_item("response.mcp_call_arguments.done", arguments=item.arguments),
            {"type": "response.mcp_call.in_progress", "item_id": item.id, "output_index": len(self.outputs) - 1},
        ]

    def returned(self, call: Call, tool: CalledTool) -> list[Notice]:
        """A call of the server's is over. Nothing when call() did not tell of it."""
        place = self._called.get(call.id)
        if place is None or not isinstance(self.outputs[place], ServerCall):
            return []
        return self._returned(place, tool.output, None if tool.error is None else tool.error.message)

    def complete(self, done: Done) -> list[Notice]:
        """The end of an answer that the engine ended by itself."""
        self.saw = done.saw
        told: list[Notice] = []
        for call in done.calls:
            if call.id not in self._called:
                told += self.call(call, None)
        if not self.outputs:
            told += self._open()
            self._go(Cause.WORDS)
        match done.reason:
            case Reason.STOP:
                status, details, whole = "completed", None, "completed"
            case Reason.LENGTH:
                status, whole = "incomplete", "incomplete"
                details = {"type": "incomplete", "reason": "max_output_tokens"}
            case Reason.CANCELLED:
                status, whole = "cancelled", "incomplete"
                details = {"type": "cancelled", "reason": "client_cancelled"}
        told += self._rest(done.text if len(self.outputs) == 1 else "".join(self._words), whole)
        self._go(Cause.END)
        return [*told, self._done(status, details, usage(done.usage))]

    def cancel(self) -> list[Notice]:
        """The end of an answer that the client does not want."""
        told = self._rest("".join(self._words), "incomplete")
        self._go(Cause.END)
        return [*told, self._done("cancelled", {"type": "cancelled", "reason": "client_cancelled"}, None)]

    def fail(self, error: Refusal) -> list[Notice]:
        """The end of a question that was refused, or of an answer that broke off."""
        told = self._rest("".join(self._words), "incomplete")
        self._go(Cause.END)
        what = {"type": on_wire(error).type, "code": error.code, "message": error.message}
        return [*told, self._done("failed", {"type": "failed", "error": what}, None)]

    def _go(self, cause: Cause) -> None:
        self.state = NEXT[self.state][cause]

    def _open(self) -> list[Notice]:
        """A message is about to be spoken."""
        item = Item(self._new_id("item"), Role.ASSISTANT, status="in_progress")
        self.outputs.append(item)
        self._words = []
        return [
            self._event("response.output_item.added", item=item.wire()),
            Added(item),
            self._part("response.content_part.added", part={"type": "text", "text": ""}),
        ]

    def _close(self, text: str, status: str) -> list[Notice]:
        """The message that is being spoken, if one is, is complete."""
        item = self.outputs[-1] if self.outputs else None
        if self.state is not ResponseState.SPEAKING or not isinstance(item, Item):
            return []
        window = None if self.saw is None else self.saw.window
        item = self.outputs[-1] = item.with_text(text, status, None if window is None else window.end)
        return [
            self._part("response.output_text.done", text=text),
            self._part("response.content_part.done", part={"type": "text", "text": text}),
            self._event("response.output_item.done", item=item.wire()),
            Whole(item),
        ]

    def _rest(self, text: str, status: str) -> list[Notice]:
        """Everything that is still open is complete."""
        told = self._close(text, status)
        for place, item in enumerate(self.outputs):
            if isinstance(item, ServerCall) and item.status == "in_progress":
                told += self._returned(place, None, None)
        return told

    def _function(self, item: CallItem) -> list[Notice]:
        whole = replace(item, status="completed")
        self.outputs.append(whole)
        return [
            self._event("response.output_item.added", item=item.wire()),
            Added(item),
            self._of_item("response.function_call_arguments.delta", call_id=item.call_id, delta=item.arguments),
            self._of_item(
                "response.function_call_arguments.done",
                call_id=item.call_id,
                name=item.name,
                arguments=item.arguments,
            ),
            self._event("response.output_item.done", item=whole.wire()),
            Whole(whole),
        ]

    def _returned(self, place: int, output: str | None, error: str | None) -> list[Notice]:
        item = self.outputs[place]
        assert isinstance(item, ServerCall), item
        if item.status != "in_progress":
            return []
        item = self.outputs[place] = item.returned(output, error)
        kind = "response.mcp_call.completed" if item.error is None else "response.mcp_call.failed"
        return [
            {"type": kind, "item_id": item.id, "output_index": place},
            self._event("response.output_item.done", place, item=item.wire()),
            Whole(item),
        ]

    def _event(self, kind: str, place: int | None = None, **fields: Any) -> Event:
        """About the newest item, or the one at `place`."""
        index = len(self.outputs) - 1 if place is None else place
        return {"type": kind, "response_id": self.id, "output_index": index, **fields}

    def _of_item(self, kind: str, **fields: Any) -> Event:
        return self._event(kind, item_id=self.outputs[-1].id, **fields)

    def _part(self, kind: str, **fields: Any) -> Event:
        return self._of_item(kind, content_index=0, **fields)

    def _done(self, status: str, details: Mapping[str, Any] | None, count: Mapping[str, Any] | None) -> Event:
        return {"type": "response.done", "response": self._wire(status, details, count)}

    def _wire(self, status: str, details: Mapping[str, Any] | None, count: Mapping[str, Any] | None) -> dict[str, Any]:
        limit = self.settings.max_output_tokens
        own = ({} if self.saw is None else msgspec.to_builtins(self.saw)) | (
            {} if self.again is None else {"answers_again": self.again}
        )
        wire = {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [item.wire() for item in self.outputs if item.status != "in_progress"],
            "conversation_id": self.conversation_id,
            "output_modalities": ["text"],
            "max_output_tokens": "inf" if limit is None else limit,
            "metadata": self.metadata,
            "usage": count,
        }
        return wire | ({"askcam": own} if own else {})


def usage(count: Usage) -> dict[str, Any]:
    """As OpenAI's Realtime counts tokens: what was found computed (the window, above all) is a part of the input."""
    return {
        "total_tokens": count.prompt_tokens + count.completion_tokens,
        "input_tokens": count.prompt_tokens,
        "output_tokens": count.completion_tokens,
        "input_token_details": {
            "text_tokens": count.prompt_tokens - count.vision_tokens,
            "image_tokens": count.vision_tokens,
            "audio_tokens": 0,
            "cached_tokens": count.cached_tokens,
        },
        "output_token_details": {"text_tokens": count.completion_tokens, "audio_tokens": 0},
    }
