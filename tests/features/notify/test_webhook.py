"""One try over a real connection: what the receiver sees, and what is made of its answer."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Verifier
from support.certificates import self_signed
from support.servers.receiver import Receiver
from support.watch_events import event

from askcam.features.notify.letter import Letter
from askcam.features.notify.sender import DeliveryFailed, DeliveryTaken, Outcome
from askcam.features.notify.signing import read_secrets
from askcam.features.notify.webhook import Webhook
from askcam.server.attached.allowed import place_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LETTER = Letter("house_0a1b_7", "2025-10-09T08:53:20.000000Z", event(), b"\xff\xd8jpeg")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def webhook(url: str, timeout_s: float = 10.0, tls: ssl.SSLContext | None = None) -> Webhook:
    return Webhook(place_of(url), read_secrets(SECRET), timeout_s, tls=tls)


async def failed(url: str, timeout_s: float = 10.0) -> DeliveryFailed:
    outcome: Outcome = await webhook(url, timeout_s).send(LETTER)
    assert isinstance(outcome, DeliveryFailed)
    assert "secret-path" not in outcome.error
    return outcome


async def test_a_letter_arrives_signed_with_its_picture(receiver: Receiver) -> None:
    assert await webhook(receiver.url + "?a=b").send(LETTER) == DeliveryTaken()
    (got,) = receiver.got
    assert got.path == "/hooks/secret-path?a=b"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    said = Verifier(SECRET).verify(got.body, dict(got.headers))
    assert said == got.said
    assert (said["type"], said["timestamp"], said["data"]["watch"]) == ("event.on", LETTER.sent_at, "door")
    assert said["picture"] == {"type": "image/jpeg", "base64": "/9hqcGVn"}
    assert got.name == "house_0a1b_7"
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60


async def test_a_test_has_no_event_in_it(receiver: Receiver) -> None:
    assert await webhook(receiver.url).send(Letter("x_test", LETTER.sent_at, None)) == DeliveryTaken()
    assert receiver.got[0].said["type"] == "test"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_is_a_yes(receiver: Receiver, status: int) -> None:
    receiver.status(status)
    assert await webhook(receiver.url).send(LETTER) == DeliveryTaken()


@pytest.mark.parametrize(
    ("status", "headers", "word", "retry_after_s", "gone"),
    [
        (500, {}, "500 Internal Server Error", None, False),
        (599, {}, "it answers 599", None, False),
        (503, {"Retry_After": "30"}, "503", 30, False),
        (429, {"Retry_After": "999999"}, "429", 3600, False),
        (500, {"Retry_After": "30"}, "500", None, False),
        (401, {}, "is its secret the one in askcam.toml", None, False),
        (404, {}, "is the path right", None, False),
        (413, {}, "leave picture out", None, False),
        (410, {}, "410 Gone", None, True),
    ],
)
async def test_every_other_answer_is_a_no_with_its_reason(
    receiver: Receiver, status: int, headers: dict[str, str], word: str, retry_after_s: float | None, gone: bool
) -> None:
    receiver.status(status, **headers)
    outcome = await failed(receiver.url)
    assert word in outcome.error
    assert (outcome.retry_after_s, outcome.gone) == (retry_after_s, gone)


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with Receiver() as other:
        receiver.status(307, Location=other.url)
        assert (
            "307 Temporary Redirect, which is not followed: name the address it leads to"
            in (await failed(receiver.url)).error
        )
        assert other.got == []


async def test_one_that_is_slow_is_not_waited_for(receiver: Receiver) -> None:
    receiver.slow.set()
    assert (await failed(receiver.url, 1.0)).error == "it did not answer within 1 s"
    receiver.slow.clear()


async def test_one_that_is_not_there_is_said_to_be_so(receiver: Receiver) -> None:
    receiver.stop()
    assert (await failed(receiver.url)).error.startswith("it cannot be reached: ")
    assert "cannot be reached" in (await failed("http://nobody.invalid/secret-path")).error


@pytest.mark.parametrize("said", [b"", b"what?\r\n\r\n", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 90_000])
async def test_one_that_speaks_no_http_is_a_failure(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(said)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        await failed(f"http://127.0.0.1:{server.getsockname()[1]}/secret-path")
        thread.join(60)


async def test_over_tls_the_receiver_has_to_prove_its_name(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path, "hook", "IP:127.0.0.1")
    with Receiver() as receiver:
        assert receiver._server is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        receiver._server.socket = context.wrap_socket(receiver._server.socket, server_side=True)
        url = receiver.url.replace("http://", "https://")
        assert "cannot be reached" in (await failed(url)).error  # nobody vouches for it
        trusts = ssl.create_default_context(cafile=str(cert))
        assert await webhook(url, tls=trusts).send(LETTER) == DeliveryTaken()
        assert json.loads(receiver.got[0].body)["data"]["camera"] == "lobby"
