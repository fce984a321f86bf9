"""One realtime connection as a state machine without sockets: client events and answers in, effects out.

`receive` and its sisters change the session and return what is to be done about it, in order: events to send, answers
to start or stop, frames to hand on. They call nobody and never raise for what a client sends. Time is handed in.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from askcam.client.protocol import Saw
from askcam.engine.question import Reason, Role
from askcam.server.errors import ApiError, bad_request
from askcam.server.realtime.client_events import (
    ClientEvent,
    ClockAsk,
    ClockOffer,
    ItemCreate,
    ItemDelete,
    ItemRetrieve,
    PushedFrame,
    Refused,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from askcam.server.realtime.clock import Clock, Sample
from askcam.server.realtime.conversation import Conversation
from askcam.server.realtime.effects import Effect, Push, Send, Start, Stop, TellCamera
from askcam.server.realtime.items import Item, Said
from askcam.server.realtime.response import Event, Response, State
from askcam.server.realtime.settings import SessionLimits, Settings
from askcam.server.steps import Done


def random_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"


class Session:
    """Owned by the connection's tasks, on the event loop."""

    def __init__(
        self,
        *,
        model: str,
        camera: str | None,
        pushed: bool = False,
        limits: SessionLimits,
        new_id: Callable[[str], str] = random_id,
    ) -> None:
        self.id = new_id("sess")
        self.settings = Settings()
        self._model, self._camera, self._pushed = model, camera, pushed
        self._limits, self._new_id = limits, new_id
        self._conversation_id = new_id("conv")
        self._conversation = Conversation()
        self._responses: dict[str, Response] = {}  # being answered; at most limits.max_responses
        self._clock = Clock()
        self._drops: dict[str, int] = {}  # as the camera last said
        self._too_fast = 0

    def start(self) -> list[Effect]:
        """The first event of every connection."""
        return [self._send({"type": "session.created", "session": self._wire()})]

    def receive(self, event: ClientEvent, wall: float, mono: float) -> list[Effect]:
        """What a client event leads to. It came at `wall`, seconds since the epoch, and `mono` on a steady clock."""
        try:
            return self._receive(event, wall, mono)
        except ApiError as error:
            return [self._error(error, event.event_id)]

    def _receive(self, event: ClientEvent, wall: float, mono: float) -> list[Effect]:
        match event:
            case Refused():
                raise event.error
            case SessionUpdate():
                return self._update(event)
            case ItemCreate():
                return self._added(event.item, self._conversation.add(event.item, event.after), whole=True)
            case ItemDelete():
                self._conversation.delete(event.item_id)
                return [self._send({"type": "conversation.item.deleted", "item_id": event.item_id})]
            case ItemRetrieve():
                item = self._conversation.get(event.item_id)
                return [self._send({"type": "conversation.item.retrieved", "item": item.wire(pictures=True)})]
            case ResponseCreate():
                return self._create(event)
            case ResponseCancel():
                return self._cancel(event)
            case PushedFrame():
                return self._frame(event, wall)
            case ClockAsk():
                told = {"client_us": event.client_us, "server_us": int(wall * 1e6)}
                return [self._send({"type": "askcam.clock", **told})]
            case ClockOffer():
                self._clock.offer(Sample(event.offset_us / 1e6, event.rtt_us / 1e6, mono))
                return [self._send({"type": "askcam.clock", **self._clock.wire()})]

    # Answers: what the asking of them brought.

    def seen(self, response_id: str, saw: Saw) -> None:
        """What an answer is being given from; told when it ends."""
        if (response := self._responses.get(response_id)) is not None:
            response.saw = saw

    def said(self, response_id: str, text: str) -> list[Effect]:
        """Some more words of an answer. Nothing when it was cancelled meanwhile."""
        response = self._responses.get(response_id)
        return [] if response is None else [*self._open(response), *map(self._send, response.say(text))]

    def done(self, response_id: str, done: Done) -> list[Effect]:
        """An answer is complete. Nothing when it was cancelled meanwhile."""
        response = self._responses.pop(response_id, None)
        if response is None:
            return []
        status = "completed" if done.reason is Reason.STOP else "incomplete"
        return [
            *self._open(response),
            *self._close(response, done.text, status),
            *map(self._send, response.complete(done)),
        ]

    def failed(self, response_id: str, error: ApiError) -> list[Effect]:
        """A question was refused, or its answer broke off. Nothing when it was cancelled meanwhile."""
        response = self._responses.pop(response_id, None)
        if response is None:
            return []
        effects: list[Effect] = [self._error(error, response.event_id)]
        if response.state is State.SPEAKING:
            effects += self._close(response, response.text, "incomplete")
        return [*effects, *map(self._send, response.fail(error))]

    # The camera: what happened to it.

    def frame_refused(self, error: ApiError, event_id: str | None) -> list[Effect]:
        """A pushed frame was no picture."""
        return [self._error(error, event_id)]

    def frame_too_fast(self) -> None:
        """A pushed frame was dropped because the client sends more than it may."""
        self._too_fast += 1

    def camera_is(self, state: str, previous: str | None, reason: str | None) -> list[Effect]:
        """The camera's state; an event for clients that asked for it."""
        if "camera.state" not in self.settings.events:
            return []
        told = {"camera": self._camera, "state": state, "previous": previous, "reason": reason}
        return [self._send({"type": "camera.state", **told})]

    def dropped(self, counts: Mapping[str, int]) -> list[Effect]:
        """How many frames the camera has dropped so far, by reason; events for what is new, to clients that asked."""
        counts = {**counts, "rate": self._too_fast} if self._too_fast else counts
        before, self._drops = self._drops, dict(counts)
        if "frame.dropped" not in self.settings.events:
            return []
        return [
            self._send({"type": "frame.dropped", "camera": self._camera, "reason": why, "count": new, "total": total})
            for why, total in counts.items()
            if (new := total - before.get(why, 0)) > 0
        ]

    # Client events, one by one.

    def _update(self, event: SessionUpdate) -> list[Effect]:
        if event.model not in (None, self._model):
            raise bad_request(
                f"this session is about {self._model!r}: connect anew with ?model={event.model} for another camera",
                "session.model",
                "model_cannot_change",
            )
        told_before = "camera.state" in self.settings.events
        self.settings = self.settings.with_changes(event.changes)
        effects: list[Effect] = [self._send({"type": "session.updated", "session": self._wire()})]
        if "camera.state" in self.settings.events and not told_before and self._camera is not None:
            effects.append(TellCamera())
        return effects

    def _create(self, event: ResponseCreate) -> list[Effect]:
        if event.in_conversation:
            active = self._active()
            if active is not None:
                raise bad_request(
                    f"the conversation has an answer under way ({active.id}): wait for its response.done, cancel it, "
                    'or ask with conversation "none"',
                    None,
                    "conversation_already_has_active_response",
                )
        if len(self._responses) >= self._limits.max_responses:
            raise ApiError(
                429,
                "rate_limit_error",
                f"{len(self._responses)} answers are under way on this connection: wait for one of them",
                code="busy",
            )
        settings = self.settings.with_changes(event.changes)
        items = self._items(event, settings)
        instructions = settings.instructions
        if not any(item.role is Role.USER for item in items):
            asked = str(event.changes.get("instructions") or "")
            if not asked.strip():
                raise bad_request(
                    "nothing was asked: create an item with the user's question first, or give it as response.input",
                    "response.input",
                    "nothing_asked",
                )
            items, instructions = (*items, Item("asked", Role.USER, (Said(asked),))), self.settings.instructions
        response = Response(
            self._new_id("resp"),
            self._new_id("item"),
            conversation_id=self._conversation_id if event.in_conversation else None,
            settings=settings,
            metadata=event.metadata,
            event_id=event.event_id,
        )
        self._responses[response.id] = response
        sampling = settings.sampling(self._limits.max_tokens)
        start = Start(response.id, instructions, items, sampling, settings.max_age_s, settings.evidence)
        return [*map(self._send, response.created()), start]

    def _items(self, event: ResponseCreate, settings: Settings) -> tuple[Item, ...]:
        if event.input is not None:
            return tuple(self._conversation.get(entry) if isinstance(entry, str) else entry for entry in event.input)
        whole = settings.truncation == "disabled"
        turns = self._conversation.prompt(None if whole else self._limits.prompt_chars)
        return tuple(item for item in turns if item.status != "in_progress")

    def _cancel(self, event: ResponseCancel) -> list[Effect]:
        response = self._active() if event.response_id is None else self._responses.get(event.response_id)
        if response is None:
            which = f"the answer {event.response_id!r} is not" if event.response_id else "no answer is"
            raise bad_request(f"{which} under way: there is nothing to cancel", None, "response_cancel_not_active")
        del self._responses[response.id]
        effects: list[Effect] = [Stop(response.id)]
        if response.state is State.SPEAKING:
            effects += self._close(response, response.text, "incomplete")
        return [*effects, *map(self._send, response.cancel())]

    def _frame(self, event: PushedFrame, wall: float) -> list[Effect]:
        if not self._pushed:
            raise bad_request(
                f"this session is about camera {self._model!r}, which takes no frames: connect with ?model=push:",
                None,
                "not_a_pushed_camera",
            )
        taken, basis = self._clock.captured(event.client_wall, wall)
        return [Push(event.jpeg, taken, basis, event.event_id)]

    # Pieces of the above.

    def _active(self) -> Response | None:
        """The answer that the conversation is waiting for."""
        return next((r for r in self._responses.values() if r.conversation_id is not None), None)

    def _open(self, response: Response) -> list[Effect]:
        if response.state is not State.WAITING:
            return []
        item, part = response.open()
        added: list[Effect] = []
        if response.conversation_id is not None:
            added = self._added(response.item, self._conversation.add(response.item))
        return [self._send(item), *added, self._send(part)]

    def _close(self, response: Response, text: str, status: str) -> list[Effect]:
        effects: list[Effect] = [self._send(event) for event in response.close(text, status)]
        if response.conversation_id is not None and response.item.id in self._conversation:
            effects += self._deleted(self._conversation.replace(response.item))
            effects.append(self._turn("conversation.item.done", response.item))
        return effects

    def _added(self, item: Item, dropped: tuple[str, ...], *, whole: bool = False) -> list[Effect]:
        effects = [*self._deleted(dropped), self._turn("conversation.item.added", item)]
        return [*effects, self._turn("conversation.item.done", item)] if whole else effects

    def _deleted(self, item_ids: tuple[str, ...]) -> list[Effect]:
        return [self._send({"type": "conversation.item.deleted", "item_id": item_id}) for item_id in item_ids]

    def _turn(self, kind: str, item: Item) -> Send:
        return self._send({"type": kind, "previous_item_id": self._conversation.before(item.id), "item": item.wire()})

    def _error(self, error: ApiError, event_id: str | None) -> Send:
        body = {"type": error.type, "code": error.code, "message": error.message, "param": error.param}
        return self._send({"type": "error", "error": {**body, "event_id": event_id}})

    def _send(self, event: Event) -> Send:
        return Send({"event_id": self._new_id("event"), **event})

    def _wire(self) -> dict[str, Any]:
        return {
            "object": "realtime.session",
            "type": "realtime",
            "id": self.id,
            "model": self._model,
            **self.settings.wire(),
            "askcam": {"camera": self._camera, **self.settings.own()},
        }
