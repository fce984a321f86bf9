"""One answer on a realtime connection: the events that tell of it, in the order that OpenAI's clients expect. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from askcam.client.protocol import Saw
from askcam.engine.question import Reason, Role, Usage
from askcam.server.errors import ApiError
from askcam.server.realtime.items import Item
from askcam.server.realtime.settings import Settings
from askcam.server.steps import Done

Event = dict[str, Any]


class State(StrEnum):
    WAITING = "waiting"  # for its first words
    SPEAKING = "speaking"
    ENDED = "ended"


class Cause(StrEnum):
    WORDS = "words"
    END = "end"


NEXT: Mapping[State, Mapping[Cause, State]] = {
    State.WAITING: {Cause.WORDS: State.SPEAKING, Cause.END: State.ENDED},
    State.SPEAKING: {Cause.WORDS: State.SPEAKING, Cause.END: State.ENDED},
    State.ENDED: {},
}


class Response:
    """Grows with its words. Every method returns the events to send, without their ids."""

    def __init__(
        self,
        response_id: str,
        item_id: str,
        *,
        conversation_id: str | None,
        settings: Settings,
        metadata: Mapping[str, str] | None = None,
        event_id: str | None = None,
    ) -> None:
        self.id, self.conversation_id = response_id, conversation_id
        self.event_id = event_id  # the client event that asked for it
        self.item = Item(item_id, Role.ASSISTANT, status="in_progress")
        self.state = State.WAITING
        self.saw: Saw | None = None  # once there is a word
        self._settings, self._metadata = settings, metadata
        self._words: list[str] = []

    @property
    def text(self) -> str:
        """What has been said so far."""
        return "".join(self._words)

    def created(self) -> list[Event]:
        return [{"type": "response.created", "response": self._wire("in_progress", None)}]

    def open(self) -> list[Event]:
        """The first word is about to come: its item and its part."""
        self._go(Cause.WORDS)
        return [
            self._event("response.output_item.added", item=self.item.wire()),
            self._part_event("response.content_part.added", part={"type": "text", "text": ""}),
        ]

    def say(self, text: str) -> list[Event]:
        """Some more words; open() comes before the first."""
        self._go(Cause.WORDS)
        self._words.append(text)
        return [self._part_event("response.output_text.delta", delta=text)]

    def close(self, text: str, status: str) -> list[Event]:
        """Everything has been said: the part and the item are whole. Only after open()."""
        assert self.state is State.SPEAKING, f"nothing was opened: {self.state}"
        self.item = self.item.with_text(text, status)
        return [
            self._part_event("response.output_text.done", text=text),
            self._part_event("response.content_part.done", part={"type": "text", "text": text}),
            self._event("response.output_item.done", item=self.item.wire()),
        ]

    def complete(self, done: Done) -> list[Event]:
        """The last event of an answer that the engine ended by itself."""
        self._go(Cause.END)
        match done.reason:
            case Reason.STOP:
                status, details = "completed", None
            case Reason.LENGTH:
                status, details = "incomplete", {"type": "incomplete", "reason": "max_output_tokens"}
            case Reason.CANCELLED:
                status, details = "cancelled", {"type": "cancelled", "reason": "client_cancelled"}
        wire = self._wire(status, details) | {"usage": usage(done.usage), "askcam": msgspec.to_builtins(done.saw)}
        return [{"type": "response.done", "response": wire}]

    def cancel(self) -> list[Event]:
        """The last event of an answer that the client does not want."""
        self._go(Cause.END)
        wire = self._wire("cancelled", {"type": "cancelled", "reason": "client_cancelled"})
        if self.saw is not None:
            wire["askcam"] = msgspec.to_builtins(self.saw)
        return [{"type": "response.done", "response": wire}]

    def fail(self, error: ApiError) -> list[Event]:
        """The last event of a question that was refused, or of an answer that broke off."""
        self._go(Cause.END)
        what = {"type": error.type, "code": error.code, "message": error.message}
        return [{"type": "response.done", "response": self._wire("failed", {"type": "failed", "error": what})}]

    def _go(self, cause: Cause) -> None:
        self.state = NEXT[self.state][cause]

    def _event(self, kind: str, **fields: Any) -> Event:
        return {"type": kind, "response_id": self.id, "output_index": 0, **fields}

    def _part_event(self, kind: str, **fields: Any) -> Event:
        return self._event(kind, item_id=self.item.id, content_index=0, **fields)

    def _wire(self, status: str, details: Mapping[str, Any] | None) -> dict[str, Any]:
        limit = self._settings.max_output_tokens
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [self.item.wire()] if self.item.status != "in_progress" else [],
            "conversation_id": self.conversation_id,
            "output_modalities": ["text"],
            "max_output_tokens": "inf" if limit is None else limit,
            "metadata": self._metadata,
            "usage": None,
        }


def usage(count: Usage) -> dict[str, Any]:
    """Tokens as OpenAI counts them. What was found computed is a part of the input."""
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
