"""A realtime session without sockets, for tests: messages in, events out, each checked against the SDK's types."""

import base64
import io
import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from openai.types.realtime import RealtimeServerEvent
from PIL import Image
from pydantic import TypeAdapter

from askcam.client.protocol import Saw, SeenWindow
from askcam.engine.question import Reason, Role, Timings, Usage
from askcam.server.extension import Extension
from askcam.server.openai.realtime.client_events import read
from askcam.server.openai.realtime.effects import Effect, Send, Start
from askcam.server.openai.realtime.session import Session
from askcam.server.openai.realtime.settings import SessionLimits
from askcam.server.steps import Done, Step, TextDelta

SDK: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
OURS = {"askcam.clock", "camera.state", "frame.dropped", "scene.changed"}
WALL, MONO = 1_763_800_000.0, 50.0


def jpeg(width: int = 32, height: int = 24) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(out, "JPEG")
    return out.getvalue()


def data_url(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


class Talk:
    """A session and what came of it so far."""

    def __init__(
        self, *, camera: str = "lobby", pushed: bool = False, extensions: Sequence[Extension] = (), **limits: int
    ) -> None:
        counter = itertools.count()
        self.extensions = extensions
        self.session = Session(
            model="push:" if pushed else camera,
            camera="push-1" if pushed else camera,
            pushed=pushed,
            limits=SessionLimits(**limits),
            feeds=[name for each in extensions for name in each.feed],
            new_id=lambda kind: f"{kind}_server{next(counter)}",
        )
        self.new_id = lambda kind: f"{kind}_read{next(counter)}"
        self.effects: list[Effect] = []
        self.take(self.session.start())

    def take(self, effects: Iterable[Effect]) -> list[dict[str, Any]]:
        """Keep effects; the events among them, each of a type that the SDK knows, with its very fields."""
        effects = list(effects)
        self.effects += effects
        events = [effect.event for effect in effects if isinstance(effect, Send)]
        for event in events:
            json.dumps(event)
            assert isinstance(event["event_id"], str)
            if event["type"] not in OURS:
                assert SDK.validate_python(event).type == event["type"]
        return events

    def say(self, message: "dict[str, Any] | str | bytes", wall: float = WALL) -> list[dict[str, Any]]:
        if isinstance(message, dict):
            message = json.dumps(message)
        return self.take(self.session.receive(read(message, self.new_id, 1000, self.extensions), wall, MONO))

    def hear(self, response_id: str, step: Step) -> list[dict[str, Any]]:
        """A step of an answer."""
        return self.take(self.session.hear(response_id, step))

    def words(self, response_id: str, text: str) -> list[dict[str, Any]]:
        return self.hear(response_id, TextDelta(text))

    def user(self, text: str, **item: Any) -> list[dict[str, Any]]:
        content = [{"type": "input_text", "text": text}]
        return self.say(
            {
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "user", "content": content, **item},
            }
        )

    def ask(self, **response: Any) -> Start:
        self.say({"type": "response.create", "response": response})
        return self.start

    @property
    def start(self) -> Start:
        """The newest answer that was to begin."""
        return next(effect for effect in reversed(self.effects) if isinstance(effect, Start))

    def texts(self) -> list[tuple[Role, str]]:
        """The prompt of the newest answer."""
        return [(item.role, "".join(item.texts)) for item in self.start.items]


def done(text: str, reason: Reason = Reason.STOP) -> Done:
    window = SeenWindow(7, "2025-11-22T10:00:00.000000Z", "2025-11-22T10:00:04.000000Z", 16, 8)
    saw = Saw("lobby", window, 31.5, 120.0, "ans_1", [], "portable", "capture")
    return Done(reason, text, saw, Usage(540, 512, 0, 3), Timings())


def types(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def only_error(events: list[dict[str, Any]]) -> dict[str, Any]:
    assert types(events) == ["error"]
    error: dict[str, Any] = events[0]["error"]
    return error
