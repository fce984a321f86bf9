"""One realtime session as a state machine without sockets: client events and answers in, effects out.

`receive` and its sisters change the session and return what is to be done about it, in order: events to send, answers
to start or stop, frames to hand on. They call nobody and never raise for what a client sends. Time is handed in.
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

from askcam.server.errors import Invalid, Refusal
from askcam.server.extension import Request
from askcam.server.given_names import quoted
from askcam.server.openai.realtime.answering import Answering
from askcam.server.openai.realtime.client_events import (
    ClientEvent,
    ClockAsk,
    ClockOffer,
    EventRefused,
    ItemCreate,
    ItemDelete,
    ItemRetrieve,
    PushedFrame,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from askcam.server.openai.realtime.clock import ClientClock, ClockSample
from askcam.server.openai.realtime.conversation import Conversation
from askcam.server.openai.realtime.effects import Effect, Follow, Manage, Push, TellCamera, Unfollow
from askcam.server.openai.realtime.settings import SessionLimits, Settings
from askcam.server.openai.realtime.voice import Voice
from askcam.server.steps import Step


def random_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"


class Session:
    """Owned by whoever carries out its effects, on the event loop. It outlives its connections."""

    def __init__(
        self,
        *,
        model: str,
        camera: str | None,
        pushed: bool = False,
        limits: SessionLimits,
        feeds: Collection[str] = (),
        new_id: Callable[[str], str] = random_id,
    ) -> None:
        """`feeds`: names by which a client asks for events of extensions."""
        self.id = new_id("sess")
        self.settings = Settings()
        self._model, self._camera, self._pushed, self._feeds = model, camera, pushed, frozenset(feeds)
        self._voice = Voice(new_id)
        self._conversation = Conversation(new_id("conv"))
        self._answering = Answering(self._conversation, limits, self._voice)
        self._clock = ClientClock()
        self._drops: dict[str, int] = {}  # as the camera last said
        self._too_fast = 0

    def start(self) -> list[Effect]:
        """The first events of every session."""
        conversation = {"id": self._conversation.id, "object": "realtime.conversation"}
        return [
            self._voice.send("session.created", session=self.wire()),
            self._voice.send("conversation.created", conversation=conversation),
        ]

    def receive(self, event: ClientEvent, wall: float, mono: float) -> list[Effect]:
        """What a client event leads to. It came at `wall`, seconds since the epoch, and `mono` on a steady clock."""
        try:
            return self._receive(event, wall, mono)
        except Refusal as error:
            return [self._voice.error(error, event.event_id)]

    def _receive(self, event: ClientEvent, wall: float, mono: float) -> list[Effect]:
        match event:
            case EventRefused():
                raise event.error
            case SessionUpdate():
                return self._update(event)
            case ItemCreate():
                dropped = self._conversation.add(event.item, event.after)
                return self._answering.added(event.item, dropped, whole=True)
            case ItemDelete():
                self._conversation.delete(event.item_id)
                return [self._voice.send("conversation.item.deleted", item_id=event.item_id)]
            case ItemRetrieve():
                item = self._conversation.get(event.item_id)
                return [self._voice.send("conversation.item.retrieved", item=item.wire(pictures=True))]
            case ResponseCreate():
                return self._answering.create(event, self.settings)
            case ResponseCancel():
                return self._answering.cancel(event)
            case PushedFrame():
                return self._frame(event, wall)
            case ClockAsk():
                times = {"client_us": event.client_us, "server_us": int(wall * 1e6)}
                return [self._voice.send("askcam.clock", **times)]
            case ClockOffer():
                self._clock.offer(ClockSample(event.offset_us / 1e6, event.rtt_us / 1e6, mono))
                return [self._voice.send("askcam.clock", **self._clock.wire())]
            case Request():
                return [Manage(event)]

    # Answers: what the asking of them brought.

    def hear(self, response_id: str, step: Step) -> list[Effect]:
        """One step of an answer. Nothing when it was cancelled meanwhile."""
        return self._answering.hear(response_id, step, self.settings.events)

    def failed(self, response_id: str, error: Refusal) -> list[Effect]:
        """A question was refused, or its answer broke off. Nothing when it was cancelled meanwhile."""
        return self._answering.failed(response_id, error)

    def allowed(self, limit: int, remaining: int, reset_s: float) -> list[Effect]:
        """What this client may still ask, as an answer begins: `remaining` of `limit` questions, all in `reset_s`."""
        requests = {"name": "requests", "limit": limit, "remaining": remaining, "reset_seconds": round(reset_s, 3)}
        return [self._voice.send("rate_limits.updated", rate_limits=[requests])]

    # Extensions: what came of what the client wanted, and what they feed.

    def told(self, kind: str, **fields: object) -> list[Effect]:
        """An extension has something to say."""
        return [self._voice.send(kind, **fields)]

    def refused(self, error: Refusal, event_id: str | None) -> list[Effect]:
        """What a client event wanted was refused."""
        return [self._voice.error(error, event_id)]

    # The camera: what happened to it.

    def frame_refused(self, error: Refusal, event_id: str | None) -> list[Effect]:
        """A pushed frame was no picture."""
        return [self._voice.error(error, event_id)]

    def frame_too_fast(self) -> None:
        """A pushed frame was dropped because the client sends more than it may."""
        self._too_fast += 1

    def camera_is(self, state: str, previous: str | None, reason: str | None) -> list[Effect]:
        """The camera's state; an event for clients that asked for it."""
        if "camera.state" not in self.settings.events:
            return []
        told = {"camera": self._camera, "state": state, "previous": previous, "reason": reason}
        return [self._voice.send("camera.state", **told)]

    def dropped(self, counts: Mapping[str, int]) -> list[Effect]:
        """How many frames the camera has dropped so far, by reason; events for what is new, to clients that asked."""
        counts = {**counts, "rate": self._too_fast} if self._too_fast else counts
        before, self._drops = self._drops, dict(counts)
        if "frame.dropped" not in self.settings.events:
            return []
        return [
            self._voice.send("frame.dropped", camera=self._camera, reason=why, count=new, total=total)
            for why, total in counts.items()
            if (new := total - before.get(why, 0)) > 0
        ]

    # Client events, one by one.

    def _update(self, event: SessionUpdate) -> list[Effect]:
        if event.model not in (None, self._model):
            raise Invalid(
                f"this session is about {self._model!r}: connect anew with ?model= for {quoted(event.model)}",
                "session.model",
                "model_cannot_change",
            )
        told_before, fed_before = "camera.state" in self.settings.events, self._fed
        self.settings = self.settings.with_changes(event.changes)
        effects: list[Effect] = [self._voice.send("session.updated", session=self.wire())]
        if "camera.state" in self.settings.events and not told_before and self._camera is not None:
            effects.append(TellCamera())
        if self._fed and not (fed_before and "events_after" not in event.changes):
            effects.append(Follow(self.settings.events_after))
        elif fed_before and not self._fed:
            effects.append(Unfollow())
        return effects

    @property
    def _fed(self) -> bool:
        """Whether the client wants events of extensions."""
        return bool(self.settings.events & self._feeds)

    def _frame(self, event: PushedFrame, wall: float) -> list[Effect]:
        if not self._pushed:
            raise Invalid(
                f"this session is about camera {self._model!r}, which takes no frames: connect with ?model=push:",
                None,
                "not_a_pushed_camera",
            )
        taken, basis = self._clock.captured(event.client_wall, wall)
        return [Push(event.jpeg, taken, basis, event.event_id)]

    def wire(self) -> dict[str, Any]:
        """The session object."""
        return {
            "object": "realtime.session",
            "type": "realtime",
            "id": self.id,
            "model": self._model,
            **self.settings.wire(),
            "askcam": {"camera": self._camera, **self.settings.own()},
        }
