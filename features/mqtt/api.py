"""Questions that come by the broker: each is bounded before it is looked at, and answered, or told why not. Who sent
it, nobody knows: all of them together are one client, and never an admin."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec

from askcam.client.protocol import encode
from askcam.engine.question import Message, Role, Sampling, Text
from askcam.features.mqtt.link import HeardMessage
from askcam.features.mqtt.topics import Topics
from askcam.features.mqtt.troubles import BrokerAway
from askcam.server.access.limits import too_many
from askcam.server.access.rates import Bucket, Rate
from askcam.server.access.shares import ClientIdentity, Places
from askcam.server.access.viewer import Viewer
from askcam.server.core import Core
from askcam.server.errors import Invalid, Refusal, TooLarge, TooMany, Unavailable, as_refusal, unknown_camera
from askcam.server.steps import Ask, end_of
from askcam.server.wire.refusals import on_wire

log = logging.getLogger(__name__)

MAX_BYTES = 16 << 10  # of a question's message
AT_ONCE = 4  # questions under way
WITHIN_S = 120.0  # for one answer
REFUSALS = Rate(per_s=5.0, burst=20.0)  # that are told; what is refused beyond is counted alone

Publish = Callable[[str, bytes], Awaitable[None]]


class MqttQuestion(msgspec.Struct):
    """What is published to PREFIX/ask. Fields that are not known are passed over, as they may come to be."""

    camera: str
    question: Annotated[str, msgspec.Meta(min_length=1)]
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    max_age_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None
    zone: str | None = None  # which of the camera's zones is looked at alone


class _OnlyId(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(max_length=128)] | None = None


class Asker:
    """Owned by the event loop."""

    def __init__(self, core: Core, topics: Topics, viewer: Viewer) -> None:
        self._client = ClientIdentity(viewer, "broker")
        self._core, self._topics = core, topics
        self._places = Places("questions by MQTT", AT_ONCE, 1.0, remedy="wait for an answer first")
        self._refusals = Bucket(REFUSALS, time.monotonic())
        self._tasks: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[str] = Counter({"answered": 0, "refused": 0, "dropped": 0})

    def take(self, message: HeardMessage, publish: Publish) -> None:
        """A message of PREFIX/ask. What is answered goes out by `publish`."""
        if message.retained:  # it would be asked again at each connection
            self.outcomes["dropped"] += 1
            log.warning("a retained message at %s is not answered: publish questions without retain", self._topics.ask)
            return
        number: str | None = None
        try:
            if len(message.payload) > MAX_BYTES:
                raise TooLarge(f"a question has at most {MAX_BYTES:,} bytes", code="request_too_large")
            number = _id(message.payload)
            self._check_rate()
            place = self._places.enter(self._client)
        except Refusal as exc:
            self._refuse(number, exc, publish)
            return
        self._begin(lambda: self._answer(number, message.payload, publish), place.leave)

    async def close(self) -> None:
        """Who waits is no longer answered: the connection is over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _check_rate(self) -> None:
        wait_s = self._core.questions.take(self._client.key, time.monotonic())
        if wait_s > 0:
            raise too_many("questions", wait_s)

    def _refuse(self, number: str | None, exc: Refusal, publish: Publish) -> None:
        """Told as far as that cannot be used to have this server publish without end."""
        if self._refusals.take(time.monotonic()) > 0:
            self.outcomes["dropped"] += 1
            return
        self.outcomes["refused"] += 1
        told = _told(number, exc)
        self._begin(lambda: publish(self._topics.answer(number), told))

    def _begin(self, work: Callable[[], Awaitable[None]], over: Callable[[], None] = lambda: None) -> None:
        async def carry_out() -> None:
            try:
                await work()
            except BrokerAway as exc:
                log.info("an answer could not be published: %s", exc)
            except Exception:
                log.exception("something unforeseen while a question by MQTT was answered")

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            over()

        task = asyncio.create_task(carry_out())
        self._tasks.add(task)
        task.add_done_callback(ended)

    async def _answer(self, number: str | None, payload: bytes, publish: Publish) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                done = await end_of(self._core.asking.ask(self._read(payload)))
        except TimeoutError:
            told = _told(number, Unavailable(f"there is no answer within {WITHIN_S:g} s", code="busy"))
        except Exception as exc:
            told = _told(number, as_refusal(exc))
        else:
            self.outcomes["answered"] += 1
            said: dict[str, Any] = {"id": number, "answer": done.text, "askcam": done.saw}
            await publish(self._topics.answer(number), encode(said))
            return
        self.outcomes["refused"] += 1
        await publish(self._topics.answer(number), told)

    def _read(self, payload: bytes) -> Ask:
        """Raises Refusal."""
        try:
            body = msgspec.json.decode(payload, type=MqttQuestion)
        except msgspec.DecodeError as exc:
            example = '{"id": "1", "camera": "door", "question": "Is there a parcel?"}'
            raise Invalid(f"this is no question ({exc}); publish {example}") from exc
        if not body.question.strip():
            raise Invalid("'question' is empty: ask something", "question")
        viewer = self._client.viewer
        public = self._core.cameras.names(viewer)
        if body.camera not in public and self._core.asking.answerer(body.camera, viewer) is None:
            raise unknown_camera(body.camera, public).at("camera")
        return Ask(
            messages=(Message(Role.USER, (Text(body.question),)),),
            camera=body.camera,
            sampling=Sampling(max_tokens=self._core.limits.max_tokens),
            max_age_s=None if body.max_age_ms is None else body.max_age_ms / 1000,
            zone=body.zone,
            said_in="question",
            client=self._client,
        )


def _id(payload: bytes) -> str | None:
    """The question's, if it can be read at all."""
    try:
        return msgspec.json.decode(payload, type=_OnlyId).id or None
    except msgspec.DecodeError:
        return None


def _told(number: str | None, exc: Refusal) -> bytes:
    said: dict[str, Any] = {"id": number, "error": on_wire(exc).body()}
    if isinstance(exc, TooMany) and exc.retry_after_s is not None:
        said["retry_after_s"] = round(exc.retry_after_s, 1)
    return encode(said)
