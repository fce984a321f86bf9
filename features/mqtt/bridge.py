"""The task behind [mqtt]: it connects, publishes, listens, and tries again when the broker is away."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from askcam.features.mqtt.api import Asker
from askcam.features.mqtt.config import MqttConfig
from askcam.features.mqtt.judge import Judge
from askcam.features.mqtt.link import BrokerLink, HeardMessage, connected
from askcam.features.mqtt.publishing import Publishing
from askcam.features.mqtt.shown import OFFLINE, ONLINE
from askcam.features.mqtt.topics import Topics
from askcam.features.mqtt.troubles import BrokerAway, cut_off_again, not_passed_on, not_subscribed
from askcam.server.lifecycle import over

log = logging.getLogger(__name__)

LOOK_S = 1.0  # how often it is looked whether something has changed
FIRST_S, MAX_WAIT_S = 1.0, 60.0  # before the next try, at most: twice as long each time, up to that
STABLE_S = 90.0  # a connection that held for so long has nothing to do with the ones before
SHORT_ONES = 3  # in a row, until that is told
BIRTH_S = 5.0  # how often all is said anew, at most, because somebody says that Home Assistant has begun
OWN_S = 15.0  # what this server says of itself must have come back by then


def wait_s(failures: int, random: Random) -> float:
    """After so many in a row, 1 or more."""
    cap = min(MAX_WAIT_S, FIRST_S * 2 ** min(failures - 1, 16))
    return random.uniform(cap / 2, cap)


class Bridge:
    """Owned by the event loop; run() is its one task."""

    def __init__(
        self, config: MqttConfig, topics: Topics, publishing: Publishing, asker: Asker, judge: Judge | None = None
    ) -> None:
        """`judge`: None where nobody may judge by the broker."""
        self._config, self._topics, self._publishing = config, topics, publishing
        self._asker, self._judge = asker, judge
        self._wake, self._random = asyncio.Event(), Random()
        self.connected = False
        self._failures = self._short = 0
        self._told: str | None = None  # why it is away, once it was told
        self._warned: set[str] = set()
        self._anew = self._say_online = False  # what was heard asks for that
        self._anew_at = 0.0
        self._own_by: float | None = None  # until when our own word must come back

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            began: float | None = None
            try:
                async with connected(self._config, self._topics, self._publishing.dropped) as link:
                    began = time.monotonic()
                    self._is_there()
                    await self._serve(link)
            except BrokerAway as exc:
                why = str(exc)
            except Exception:
                log.exception("something unforeseen with the MQTT broker; it goes on")
                why = "something unforeseen"
            self.connected = False
            self._is_away(why, None if began is None else time.monotonic() - began)
            await asyncio.sleep(wait_s(self._failures, self._random))

    # -- what is told

    def _is_there(self) -> None:
        self.connected = True
        self._anew = self._say_online = False
        if self._short < SHORT_ONES:
            self._is_back()

    def _is_back(self) -> None:
        level = logging.INFO if self._told is None else logging.WARNING  # whoever was told that it is away is told this
        log.log(level, "MQTT: connected to the broker at %s", self._config.broker.place)
        self._told = None

    def _is_away(self, why: str, held_s: float | None) -> None:
        """`held_s`: how long there had been a connection; None: there was none. Each reason is told once."""
        if held_s is not None and held_s >= STABLE_S:
            self._failures = self._short = 0
        elif held_s is not None:
            self._short += 1
        else:
            self._short = 0
        self._failures += 1
        if self._short >= SHORT_ONES:
            why = cut_off_again(self._config)
        if why != self._told:
            log.warning("MQTT: %s; it is tried again, and nothing is lost meanwhile", why)
            self._told = why

    def _warn(self, what: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            log.warning("MQTT: %s", what)

    # -- one connection

    async def _serve(self, link: BrokerLink) -> None:
        """Until the connection is over. Raises BrokerAway."""
        works: list[Callable[[BrokerLink], Awaitable[None]]] = [self._hear, self._publish]
        tasks = [asyncio.ensure_future(work(link)) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except asyncio.CancelledError:
            await self._stop(tasks)
            with contextlib.suppress(BrokerAway, TimeoutError):
                await self._publishing.end(link)
            raise
        finally:
            await self._stop(tasks)

    async def _stop(self, tasks: Sequence["asyncio.Future[None]"]) -> None:
        await self._asker.close()
        if self._judge is not None:
            await self._judge.close()
        await over(*tasks)
        for task in tasks:
            task.cancelled() or task.exception()  # looked at: whoever is told of it was told

    async def _publish(self, link: BrokerLink) -> None:
        stable_at = time.monotonic() + STABLE_S
        await self._subscribe(link)
        await self._publishing.begin(link)
        while True:
            if self._told is not None and time.monotonic() >= stable_at:
                self._is_back()
            self._wake.clear()
            await self._publishing.events(link)
            await self._answer_what_was_heard(link)
            await self._publishing.look(link)
            self._check_own()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()

    async def _subscribe(self, link: BrokerLink) -> None:
        topics, config = self._topics, self._config
        own = await link.subscribe(topics.status)
        self._own_by = time.monotonic() + OWN_S if own else None
        wanted = [topics.birth] if topics.discovery else []
        wanted += [topics.ask] if config.ask else []
        wanted += [topics.presses] if self._judge is not None else []
        refused = [] if own else [topics.status]
        for topic in wanted:
            if not await link.subscribe(topic):
                refused.append(topic)
        for topic in refused:
            self._warn(not_subscribed(topic, config))

    async def _answer_what_was_heard(self, link: BrokerLink) -> None:
        if self._say_online:
            self._say_online = False
            await self._publishing.say_online(link)
        if self._anew and time.monotonic() >= self._anew_at:
            self._anew, self._anew_at = False, time.monotonic() + BIRTH_S
            await self._publishing.begin(link)

    def _check_own(self) -> None:
        if self._own_by is not None and time.monotonic() > self._own_by:
            self._own_by = None
            self._warn(not_passed_on(self._topics.status, self._config))

    # -- what is heard

    async def _hear(self, link: BrokerLink) -> None:
        async for message in link.messages():
            self._heard(message, link)

    def _heard(self, message: HeardMessage, link: BrokerLink) -> None:
        topics, payload = self._topics, message.payload
        if self._config.ask and message.topic == topics.ask:
            self._asker.take(message, lambda topic, answer: self._publishing.answer(link, topic, answer))
        elif message.topic == topics.status:
            if payload == ONLINE:
                self._own_by = None
            elif payload == OFFLINE:  # the last will of a connection before this one came late
                self._say_online = True
                self.wake()
        elif self._judge is not None and topics.is_press(message.topic):
            self._judge.take(message)
        elif topics.discovery and message.topic == topics.birth:
            self._anew = self._anew or (payload == ONLINE and not message.retained)
