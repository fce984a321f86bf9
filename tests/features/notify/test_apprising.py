"""Push services by the real Apprise, to receivers on loopback that speak its json:// form."""

import asyncio
import base64
import logging
from collections.abc import Iterator

import msgspec
import pytest
from support.servers.receiver import Receiver
from support.watch_events import event

from askcam.client.watches import EventClip, WatchEvent
from askcam.features.notify.letter import Letter
from askcam.features.notify.push_services import Services, check, digest
from askcam.features.notify.sender import DeliveryFailed, DeliveryTaken
from askcam.features.notify.words import message
from askcam.server.config_errors import ConfigError


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def url(receiver: Receiver, path: str = "hidden-topic") -> str:
    return f"json://somebody:hunter2@127.0.0.1:{receiver.port}/{path}"


def letter(found: WatchEvent, reached: frozenset[str] = frozenset()) -> Letter:
    return Letter("phone_0a1b_1", found.at, found, b"\xff\xd8jpeg", reached)


ASKED = msgspec.structs.replace(event(), question="Is the door open?", answer="yes", severity="critical")
CHINESE = msgspec.structs.replace(event(), question="门开着吗？", answer="是")


async def test_an_event_becomes_a_message_in_the_questions_language_with_its_picture(receiver: Receiver) -> None:
    services = Services((url(receiver),), 10.0, "auto")
    assert await services.send(letter(ASKED)) == DeliveryTaken()
    assert await services.send(letter(CHINESE)) == DeliveryTaken()
    assert await services.send(Letter("t", ASKED.at, None)) == DeliveryTaken()
    english, chinese, test = (one.said for one in receiver.got)
    assert (english["title"], english["type"]) == ("door: on (lobby)", "failure")
    assert english["message"] == "Is the door open?\nyes (90%)\n2025-10-09 08:53:20 UTC"
    (attached,) = english["attachments"]
    assert base64.b64decode(attached["base64"]) == b"\xff\xd8jpeg"
    assert attached["mimetype"] == "image/jpeg"
    assert (chinese["title"], chinese["type"]) == ("door：已触发（lobby）", "warning")
    assert test["title"] == "askcam: a test · askcam：测试"
    assert test["attachments"] == []
    services.close()


async def test_an_address_that_has_it_does_not_get_it_again_when_another_failed(receiver: Receiver) -> None:
    with Receiver() as other:
        urls = (url(receiver), url(other))
        other.status(500)
        services = Services(urls, 10.0, "en")
        outcome = await services.send(letter(ASKED))
        assert isinstance(outcome, DeliveryFailed)
        assert outcome.reached == {digest(urls[0])}
        other.status(200)
        assert await services.send(letter(ASKED, outcome.reached)) == DeliveryTaken()
        assert (len(receiver.got), len(other.got)) == (1, 2)
        services.close()


async def test_what_went_wrong_is_said_without_anything_of_the_url(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status(500)
    services = Services((url(receiver),), 10.0, "en")
    with caplog.at_level(logging.INFO):
        outcome = await services.send(letter(ASKED))
    assert isinstance(outcome, DeliveryFailed)
    assert outcome.error.startswith("json://… ")
    assert "500" in outcome.error
    for secret in ("hunter2", "hidden-topic", "somebody", str(receiver.port)):
        assert secret not in outcome.error
        assert secret not in caplog.text
    assert services.address == "json://…"
    services.close()


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with Receiver() as other:
        receiver.status(307, Location=other.url)
        services = Services((url(receiver),), 10.0, "en")
        assert isinstance(await services.send(letter(ASKED)), DeliveryFailed)
        assert other.got == []
        services.close()


async def test_one_that_hangs_blocks_neither_the_event_loop_nor_the_next_try_for_ever(receiver: Receiver) -> None:
    receiver.slow.set()
    services = Services((url(receiver) + "?rto=8",), 1.0, "en")
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    turning = asyncio.ensure_future(turn())
    outcome = await services.send(letter(ASKED))
    turning.cancel()
    assert isinstance(outcome, DeliveryFailed)
    assert turns > 2  # none while the event loop is blocked
    receiver.slow.clear()
    async with asyncio.timeout(60):
        while isinstance(await services.send(letter(ASKED)), DeliveryFailed):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    services.close()


def test_a_url_that_apprise_does_not_know_is_refused_without_being_repeated() -> None:
    with pytest.raises(ConfigError, match=r"does not understand URL 2 of 2 \(nfty://…\)") as caught:
        check(("json://127.0.0.1", "nfty://my-secret-topic"))
    assert "my-secret-topic" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"URL 1 of 1 \(…\)"):
        check(("just words",))


def test_every_kind_has_words_in_both_languages_and_a_new_one_is_no_fault() -> None:
    lost = msgspec.structs.replace(event("camera_lost", watch=None), reason="it went away", probability=None)
    assert message(lost, "auto").title == "camera lobby is lost"
    assert message(lost, "auto").body == "it went away\n2025-10-09 08:53:20 UTC"
    assert message(lost, "zh").title == "摄像头 lobby 已断开"
    changed = msgspec.structs.replace(
        event("changed"), before_answer="OPEN", answer="CLOSED", question="门上写着什么？"
    )
    assert message(changed, "auto").title == "door：有变化（lobby）"
    assert message(changed, "en").body.splitlines()[1] == "OPEN → CLOSED"
    link = "https://cams.example/clips/7.mp4?key=k"
    filmed = msgspec.structs.replace(lost, clip=EventClip("pending", "/v1/events/7/clip.mp4", link))
    assert message(filmed, "auto").body == f"{message(lost, 'auto').body}\nClip: {link}"
    assert message(filmed, "zh").body.splitlines()[-1] == f"短片：{link}"
    missing = msgspec.structs.replace(lost, clip=EventClip("missing", why="the disk was full"))
    assert message(missing, "auto") == message(lost, "auto")
    assert message(event("brand_new"), "en").title == "door: brand_new (lobby)"
    assert message(ASKED, "zh").title == "door：已触发（lobby）"
