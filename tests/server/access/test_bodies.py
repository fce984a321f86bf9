"""How many bytes of bodies are received at once, per client and in all."""

from collections.abc import MutableMapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.server.access.bodies import Receiving
from askcam.server.access.limits import Limits
from askcam.server.access.shares import ClientIdentity
from askcam.server.access.viewer import THE_ADMIN, THE_VIEWER

ONE, OTHER, ADMIN = (
    ClientIdentity(THE_VIEWER, "a"),
    ClientIdentity(THE_VIEWER, "b"),
    ClientIdentity(THE_ADMIN, "a"),
)


def test_one_client_receives_half_and_one_byte_more_is_refused() -> None:
    receiving = Receiving(100)
    assert receiving.take(ONE, 50)
    assert not receiving.take(ONE, 1)
    assert receiving.take(OTHER, 50)
    assert not receiving.take(ADMIN, 1)
    receiving.leave(ONE, 50)
    assert receiving.take(ADMIN, 50)


@given(st.lists(st.tuples(st.sampled_from([ONE, OTHER, ADMIN]), st.integers(1, 60)), max_size=50))
def test_what_is_left_is_all_free_again(coming: list[tuple[ClientIdentity, int]]) -> None:
    receiving = Receiving(100)
    taken = [(client, size) for client, size in coming if receiving.take(client, size)]
    assert receiving.num_bytes == sum(size for _, size in taken) <= 100
    for client, size in taken:
        receiving.leave(client, size)
    assert receiving.num_bytes == 0


async def sent(pieces: list[bytes], headers: list[tuple[bytes, bytes]] | None = None) -> tuple[int, int]:
    """The reply's status to a body that comes in these pieces, and how many of them were taken."""
    app = build_app(build_core(Config(limits=Limits(max_body_bytes=2000))))
    left, status = list(pieces), 0
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/chat/completions", "raw_path": b"/v1/chat/completions", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), *(headers or [])],
        "client": ("127.0.0.1", 5000), "server": ("127.0.0.1", 8400),
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        piece = left.pop(0) if left else b""
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status, len(pieces) - len(left)


async def test_a_body_that_comes_in_pieces_and_says_no_length_is_bounded_in_all() -> None:
    assert await sent([b" " * 500] * 3 + [b"{}"] + [b""]) != (413, 5)
    assert (await sent([b" " * 400] * 5))[0] == 400  # just so much: it is read, and is no JSON
    assert await sent([b" " * 400] * 5 + [b" "] * 100) == (413, 6)
    assert await sent([b" " * 900] * 50) == (413, 3)
    assert await sent([b" "] * 3000) == (413, 2001)


async def test_a_body_that_is_longer_than_it_says_is_bounded_too() -> None:
    assert await sent([b" " * 900] * 50, [(b"content-length", b"900")]) == (413, 3)
    assert await sent([b" " * 900] * 50, [(b"content-length", b"2001")]) == (413, 0)
