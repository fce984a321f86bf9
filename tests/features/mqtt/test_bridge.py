"""The task behind [mqtt], over the real store and a real broker, without a model: what a broker may do to it."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.certificates import Authority
from support.mqtt import MqttListener
from support.servers.breaking import Breaking
from support.servers.running import RunningBroker
from support.waiting import comes_true
from support.watch_events import add

from askcam.features.events.config import EventBounds
from askcam.features.events.service import EventLog
from askcam.features.events.thread import EventThread
from askcam.features.mqtt import bridge as bridging
from askcam.features.mqtt.bridge import Bridge, wait_s
from askcam.features.mqtt.config import MqttConfig
from askcam.features.mqtt.link import BrokerLink
from askcam.features.mqtt.publishing import Publishing
from askcam.features.mqtt.scene import Observing, SceneFacts
from askcam.features.mqtt.shown import ShownEvent
from askcam.features.mqtt.topics import Topics
from askcam.features.mqtt.troubles import BrokerAway
from askcam.features.watches.service import Watching
from askcam.server.access.limits import Limits
from askcam.server.cameras import Cameras
from askcam.server.lifecycle import over
from askcam.server.model import Model
from askcam.server.models import Models
from askcam.stream.sources.registry import resolve


class NoAsker:
    """Nobody may ask here: `ask` is false."""

    async def close(self) -> None: ...


@pytest.fixture(scope="module")
def broker() -> Iterator[RunningBroker]:
    with RunningBroker() as broker:
        yield broker


@contextlib.asynccontextmanager
async def bridged(folder: Path, url: str, **more: Any) -> AsyncIterator[tuple[Bridge, Publishing, EventLog]]:
    """One life of a server without cameras: its events are all that it has to say."""
    config = MqttConfig(url, **more)
    cameras = Cameras(Models(Model("none")), Limits(), resolve)
    events = EventLog(EventThread(folder, EventBounds()))
    events.need()
    watching, topics = Watching(events, cameras, {}), Topics(config.prefix, config.discovery)
    await events.open()
    publishing = Publishing(
        topics, Observing(cameras, watching, topics, config.viewer), events.keeping, "the broker", config.viewer
    )
    await publishing.open()
    bridge = Bridge(config, topics, publishing, NoAsker())  # type: ignore[arg-type]
    events.readers.also(bridge.wake)
    task = asyncio.create_task(bridge.run())
    try:
        yield bridge, publishing, events
    finally:
        await over(task)
        await events.close()


async def happen(events: EventLog, count: int) -> list[int]:
    told = []
    for _ in range(count):
        found = await events.keeping.do(lambda store: add(store, store.last_id()))
        events.readers.tell(found)
        told.append(found.id)
    return told


def url_of(broker: RunningBroker, user: str = "house") -> str:
    return f"mqtt://{user}@127.0.0.1:{broker.port}"


async def test_events_come_each_over_connections_that_are_cut_and_lives_that_end_anyhow(
    tmp_path: Path, broker: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost, what comes twice has the same id, and the next life goes on behind what was acknowledged."""
    monkeypatch.setattr(bridging, "FIRST_S", 0.02)
    chance, told = Random(5), list[int]()
    before = len(broker.taken)
    async with Breaking(broker.port) as proxy:
        url = url_of(broker).replace(str(broker.port), proxy.url.rpartition(":")[2])
        for _ in range(3):
            async with bridged(tmp_path, url, password="right-password", client_id="cut") as (bridge, _, events):
                await comes_true(lambda bridge=bridge: bridge.connected, "a connection")
                for cut in ({"up": chance.randrange(300, 2500)}, {"down": chance.randrange(5, 30)}):
                    cuts = proxy.num_cuts
                    proxy.cut_after(**cut)  # in the middle of an event, and of the broker's word for one
                    told += await happen(events, 10)
                    await comes_true(lambda cuts=cuts: proxy.num_cuts > cuts, "the cut")
                bridge._failures = bridge._short = 0
        async with bridged(tmp_path, url, password="right-password", client_id="cut"):
            await comes_true(lambda: {each["id"] for each in broker.taken[before:]} >= set(told), "all of them")
        await comes_true(lambda: not proxy._tasks, "no connection to be left")
    came = [each["id"] for each in broker.taken[before:]]
    assert proxy.num_cuts >= 6
    assert set(came) == set(told)
    assert len(came) <= len(told) + proxy.num_cuts + 3  # a cut or an end repeats the one that was on its way
    assert list(dict.fromkeys(came)) == told


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("house", "hunter2hunter2", "refuses the user 'house': set ASKCAM_MQTT_PASSWORD"),
        ("muted", "right-password", "passes it on to nobody: allow muted to write to askcam/#"),
        ("deaf", "right-password", "ACL refuses to let deaf read homeassistant/status"),
    ],
)
async def test_what_the_broker_refuses_is_told_once_with_what_helps(
    tmp_path: Path, broker: RunningBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    user: str, password: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(bridging, "OWN_S", 0.2)
    monkeypatch.setattr(bridging, "LOOK_S", 0.05)
    monkeypatch.setattr(bridging, "FIRST_S", 0.01)
    caplog.set_level(logging.INFO)
    async with bridged(tmp_path, url_of(broker, user), password=password, client_id=user) as (bridge, _, _):
        await comes_true(lambda: said in caplog.text, said)
        tries = bridge._failures
        await comes_true(lambda: bridge._failures > tries + 1 or bridge.connected, "more tries")
    assert caplog.text.count(said) == 1
    assert "hunter2" not in caplog.text


async def test_a_broker_that_is_not_there_or_is_none_is_told_with_what_helps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"mqtt://127.0.0.1:{nobody.getsockname()[1]}"
        async with bridged(tmp_path / "a", url):
            await comes_true(lambda: "cannot be reached" in caplog.text, "why")
    monkeypatch.setattr("askcam.features.mqtt.link.ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with bridged(tmp_path / "b", f"mqtt://127.0.0.1:{silent.getsockname()[1]}"):
            await comes_true(lambda: "does not answer: is it the right port?" in caplog.text, "why")


async def test_one_whom_the_broker_throws_out_again_and_again_is_told_of_the_client_id_and_waits_longer(
    tmp_path: Path, broker: RunningBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two servers with one client id do to each other. (amqtt lets both be; so the connection is cut here.)"""
    monkeypatch.setattr(bridging, "FIRST_S", 0.02)
    async with Breaking(broker.port) as proxy:
        url = url_of(broker).replace(str(broker.port), proxy.url.rpartition(":")[2])
        async with bridged(tmp_path, url, password="right-password", client_id="twin") as (bridge, publishing, _):
            for failures in range(1, 6):
                said = publishing.published
                await comes_true(lambda said=said: bridge.connected and publishing.published > said, "a connection")
                proxy.cut()
                await comes_true(lambda failures=failures: bridge._failures == failures, "its end")
            assert caplog.text.count("does another program, or another askcam, use the client_id 'twin'?") == 1
            assert caplog.text.count("has ended the connection") <= bridging.SHORT_ONES
            monkeypatch.setattr(bridging, "STABLE_S", 0.0)
            await comes_true(lambda: bridge.connected, "the one that is left")
            with MqttListener(broker) as heard:
                await comes_true(lambda: heard.now("askcam/status") == b"online", "its word")
            await comes_true(lambda: bridge._told is None, "that it is back")
    assert "connected to the broker" in caplog.text


async def test_over_tls_the_certificate_is_looked_at_and_what_is_wrong_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.signed("broker")
    with RunningBroker("--cert", str(cert), "--key", str(key)) as broker:
        plain = url_of(broker)
        url, more = plain.replace("mqtt://", "mqtts://"), {"password": "right-password"}
        async with bridged(tmp_path / "trusted", url, ca=authority.ca, **more) as (bridge, publishing, _):
            await comes_true(lambda: publishing.published, "its first word")
        async with bridged(tmp_path / "untrusted", url, **more) as (bridge, _, _):
            await comes_true(lambda: "is not to be trusted: name who signs it with ca" in caplog.text, "why")
            assert not bridge.connected
    monkeypatch.setattr("askcam.features.mqtt.link.CONNECT_S", 0.5)
    with RunningBroker() as broker:
        url = url_of(broker).replace("mqtt://", "mqtts://")
        async with bridged(tmp_path / "plain", url, ca=authority.ca, **more):
            await comes_true(lambda: "does not speak TLS there" in caplog.text, "why")


class GoneLink(BrokerLink):
    """One whose broker is no longer there."""

    def __init__(self) -> None: ...

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        raise BrokerAway("it is gone")


class NarrowLink(BrokerLink):
    """One whose broker ends the connection at large messages."""

    def __init__(self) -> None:
        self.took: list[str] = []

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if len(payload) > 1000:
            raise BrokerAway("it is too large")
        self.took.append(topic)


async def test_a_picture_that_the_broker_does_not_take_is_left_out_in_the_end(tmp_path: Path) -> None:
    """Others that it takes meanwhile do not begin that anew."""
    async with bridged(tmp_path, "mqtt://127.0.0.1:1") as (_, publishing, events):
        small = await events.keeping.do(lambda store: add(store, 0, b"small", watch="a"))
        large = await events.keeping.do(lambda store: add(store, 1, b"large" * 1000, watch="b"))
        publishing._last = {(str(each.watch), each.camera): ShownEvent(each.id, each.at) for each in (small, large)}
        scene, ends = SceneFacts(list(publishing._last)), 0
        for _ in range(5):
            publishing._shown.clear()  # as for a new connection
            link = NarrowLink()
            try:
                await publishing._pictures(link, scene)
            except BrokerAway:
                ends += 1
            assert link.took == ["askcam/watch/a/lobby/picture"]
        assert (ends, publishing.dropped["picture"]) == (2, 1)


async def test_what_is_to_be_retained_stands_on_the_disk_before_it_is_published(
    tmp_path: Path, broker: RunningBroker
) -> None:
    """So that who is killed in between empties it in the next life."""
    async with bridged(tmp_path, "mqtt://127.0.0.1:1", prefix="one") as (_, publishing, _):
        with pytest.raises(BrokerAway):
            await publishing.begin(GoneLink())
    with MqttListener(broker) as heard:
        await asyncio.to_thread(heard.publish, "one/status", b"online", retain=True)
        more = {"password": "right-password", "client_id": "next", "prefix": "two"}
        async with bridged(tmp_path, url_of(broker), **more):
            await comes_true(lambda: heard.now("two/status") == b"online", "the new prefix")
            await comes_true(lambda: heard.now("one/status") == b"", "the old one's to be emptied")
        await comes_true(lambda: heard.now("two/status") == b"offline", "its end")


async def test_what_the_broker_sends_fills_no_memory(tmp_path: Path, broker: RunningBroker) -> None:
    """A birth message of 8 MB at a topic that is listened to: it is read, thrown away, and the connection stays."""
    more = {"password": "right-password", "client_id": "bounded"}
    async with bridged(tmp_path, url_of(broker), **more) as (bridge, publishing, _):
        await comes_true(lambda: publishing.published, "its first word")
        seen: list[int] = []
        heard = bridge._heard
        bridge._heard = lambda message, link: (seen.append(len(message.payload)), heard(message, link))[1]  # type: ignore[method-assign]
        with MqttListener(broker) as other:
            await asyncio.to_thread(other.publish, "homeassistant/status", b"x" * (8 << 20))
            await asyncio.to_thread(other.publish, "homeassistant/status", b"online")
            await comes_true(lambda: 6 in seen, "what comes behind it")
        assert max(seen) < 64 << 10
        assert bridge.connected


def test_waits_grow_up_to_a_bound_and_are_never_the_same_for_all() -> None:
    random = Random(1)
    waits = [wait_s(failures, random) for failures in range(1, 40)]
    assert 0.5 <= waits[0] <= 1.0
    assert all(30.0 <= each <= 60.0 for each in waits[10:])
    assert len(set(waits)) == len(waits)
