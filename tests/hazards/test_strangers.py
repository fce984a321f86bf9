"""A real server at the usual limit of 1024 descriptors, and clients that behave badly: who asks is still answered."""

import contextlib
import os
import re
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.certificates import self_signed
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.servers.strangers import Honest, connected, get, gone, many, place
from support.waiting import until
from websockets.sync.client import connect

VIEWER, ADMIN = "viewer-token", "admin-token"
ENV = {"ASKCAM_TOKEN": VIEWER, "ASKCAM_ADMIN_TOKEN": ADMIN}
AS_VIEWER, AS_ADMIN = ({"Authorization": f"Bearer {token}"} for token in (VIEWER, ADMIN))
LIVE = "/v1/cameras/lobby/live.mjpeg?fps=25"
STREAM = "Accept: text/event-stream\r\n"
MAX_LOG = 100_000  # characters


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server(cameras=["lobby=synthetic:7"], env=ENV, descriptors=1024) as server:
        wait_for_pairs(server, "lobby", 4, VIEWER)
        yield server
        text = "".join(server.log)
        assert len(text) < MAX_LOG
        assert "Traceback" not in text


def memory_mb(server: LiveServer) -> float:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files(server: LiveServer) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def metric(server: LiveServer, name: str) -> float:
    text = httpx.get(f"{server.url}/metrics", headers=AS_ADMIN, timeout=60).text
    (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found)


UPGRADE = b"Upgrade: websocket\r\nConnection: upgrade\r\n"
HALVES = {
    "nothing": b"",
    "half a head": b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half:",
    "nonsense": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "half a body": b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000\r\n\r\n{",
    "a body that was refused": b"POST /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8000000\r\n\r\n{",
    "a websocket's half": b"GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE,
}


@pytest.mark.parametrize("say", HALVES.values(), ids=HALVES)
def test_eleven_hundred_connections_that_come_to_nothing_keep_nobody_out(server: LiveServer, say: bytes) -> None:
    before = memory_mb(server)
    with many(server.url, 1100, say), Honest(server.url, "lobby", VIEWER, every_s=0.3) as seen:
        most = 0

        def asked_often() -> bool:
            nonlocal most
            most = max(most, open_files(server))
            return seen.asked >= 4

        until(asked_often, "four questions", 90, every_s=0.05)
    assert most < 1024 - 300
    assert seen.errors == []
    assert seen.asked == seen.answered >= 3
    assert memory_mb(server) - before < 200


def test_who_is_too_slow_and_who_reads_nothing_is_let_go(server: LiveServer) -> None:
    unread = 'askcam_connections_troubled_total{kind="unread"}'
    before, ended = metric(server, unread), dict[str, bool]()
    slow = ("nothing", "half a head", "half a body", "a body that was refused")
    with contextlib.ExitStack() as stack:  # all at once: each has its own time
        stack.enter_context(many(server.url, 1, get(LIVE, VIEWER)))
        for name in slow:
            (sock,) = stack.enter_context(many(server.url, 1, HALVES[name]))
            waiting = threading.Thread(target=lambda n=name, s=sock: ended.update({n: gone(s, 60)}))  # type: ignore[misc]
            waiting.start()
            stack.callback(waiting.join)
        (dripping,) = stack.enter_context(many(server.url, 1, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: "))
        until(lambda: hung_up(dripping), "the end of a head that drips in: it buys no time", 90, every_s=0.2)
        until(lambda: metric(server, unread) > before, "who reads nothing to be let go", 120, every_s=0.5)
    assert ended == dict.fromkeys(slow, True)


def hung_up(sock: socket.socket) -> bool:
    """Whether one byte more finds nobody there."""
    try:
        sock.sendall(b"x")
    except OSError:
        return True
    return False


def test_a_login_brings_four_kilobytes_at_most(server: LiveServer) -> None:
    for length, status in ((4096, 400), (4097, 413), (8_000_000, 413)):
        with many(
            server.url, 1, b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % length
        ) as (sock,):
            sock.sendall(b"[" * min(length, 4096))
            assert sock.recv(100).startswith(b"HTTP/1.1 %d" % status)


def test_one_client_that_reads_no_live_pictures_takes_neither_all_places_nor_keeps_its_own(server: LiveServer) -> None:
    with many(server.url, 40, get(LIVE, VIEWER)):
        with httpx.stream("GET", server.url + LIVE, headers=AS_ADMIN, timeout=60) as reply:
            assert reply.status_code == 200
        sock = connected(server.url, "127.0.0.5")  # another client
        with contextlib.closing(sock):
            sock.sendall(get(LIVE, VIEWER))
            assert sock.recv(100).startswith(b"HTTP/1.1 200")

        def let_in() -> bool:
            with httpx.stream("GET", server.url + LIVE, headers=AS_VIEWER, timeout=60) as reply:
                return reply.status_code == 200

        until(let_in, "who reads nothing to make way for who would", 120, every_s=0.5)


@pytest.mark.parametrize("what", ["event streams", "websockets"])
def test_one_client_takes_half_of_all_streams_and_others_get_in(server: LiveServer, what: str) -> None:
    key = UPGRADE.decode() + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    wanted = ("/v1/events", STREAM) if what == "event streams" else ("/v1/realtime?model=lobby", key)
    with many(server.url, 70, get(wanted[0], VIEWER, wanted[1])):
        for source, token in (("127.0.0.6", VIEWER), ("127.0.0.1", ADMIN)):
            if what == "event streams":
                with contextlib.closing(connected(server.url, source)) as sock:
                    sock.sendall(get(wanted[0], token, wanted[1]))
                    assert sock.recv(100).startswith(b"HTTP/1.1 200")
            else:
                with connect(
                    f"{server.ws_url}/v1/realtime?model=lobby",
                    additional_headers={"Authorization": f"Bearer {token}"},
                    source_address=(source, 0),
                    open_timeout=60,
                ) as websocket:
                    assert '"session.created"' in str(websocket.recv(60))


def test_a_thousand_and_one_logins_of_a_viewer_leave_the_admin_logged_in(server: LiveServer) -> None:
    with (
        httpx.Client(base_url=server.url, timeout=60) as admin,
        httpx.Client(base_url=server.url, timeout=60) as viewer,
    ):
        assert admin.post("/v1/session", json={"token": ADMIN}).status_code == 204
        for _ in range(1001):
            viewer.cookies.clear()
            assert viewer.post("/v1/session", json={"token": VIEWER}).status_code == 204
        assert admin.get("/v1/session").json()["role"] == "admin"


def test_a_client_does_not_choose_under_which_address_it_is_counted(server: LiveServer) -> None:
    statuses = [
        httpx.get(
            f"{server.url}/v1/models",
            headers={
                "Authorization": "Bearer wrong-token",
                "X-Forwarded-For": f"192.0.2.{i}",
                "X-Real-IP": "192.0.2.1",
            },
            timeout=60,
        ).status_code
        for i in range(15)
    ]
    assert statuses == [401] * 10 + [429] * 5
    assert httpx.get(f"{server.url}/v1/models", headers=AS_VIEWER, timeout=60).status_code == 200


NONSENSE = [
    b"GET\r\n\r\n",
    b"\x00" * 100,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",  # without a Host
    b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
    b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    b"GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE + b"Sec-WebSocket-Version: 1\r\n\r\n",
    b"GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE + b"X-A: \xff\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20 + b"nonsense\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
]


def test_nonsense_is_refused_and_the_log_stays_short(server: LiveServer) -> None:
    before = len("".join(server.log))
    for _ in range(20):
        for said in NONSENSE:
            with contextlib.suppress(OSError), contextlib.closing(connected(server.url)) as sock:
                sock.sendall(said)
                sock.settimeout(0.02)
                sock.recv(1000)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # ends with a reset
    assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200
    assert len("".join(server.log)) - before < 5000


def test_every_reply_has_the_headers_that_keep_pages_apart(server: LiveServer) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        replies = [
            client.get("/healthz"),
            client.get("/v1/models"),
            client.get("/v1/models", headers=AS_VIEWER),
            client.get("/nothing/here"),
            client.get("/v1/cameras/lobby/snapshot.jpg", headers=AS_VIEWER),
            client.get("/v1/cameras/nobody", headers=AS_VIEWER),
            client.request("BREW", "/healthz"),
            client.post("/v1/session", content=b"x" * 5000),
            client.post("/v1/chat/completions", content=b"[" * 5000, headers=AS_VIEWER),
            client.get("/"),
            client.get("/wall"),
            client.get("/web/main.js"),
            client.get("/web/nothing.js"),
            client.get("/v1/events", headers=AS_VIEWER),
        ]
        for path, more in ((LIVE, {}), ("/v1/events", {"Accept": "text/event-stream"})):
            with client.stream("GET", path, headers={**AS_VIEWER, **more}) as reply:
                replies.append(reply)
    for reply in replies:
        where = str(reply.request.url)
        assert reply.headers["X-Frame-Options"] == "DENY", where
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"], where
        assert reply.headers["X-Content-Type-Options"] == "nosniff", where
        assert reply.headers["Referrer-Policy"] == "no-referrer", where
        assert "no-" in reply.headers["Cache-Control"], where
        if "/v1/" in where:
            assert "no-store" in reply.headers["Cache-Control"], where
            assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'"), where


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_at_once_and_quietly_whatever_is_open(sig: signal.Signals) -> None:
    with live_server(cameras=["lobby=synthetic:7"], env=ENV) as server:
        wait_for_pairs(server, "lobby", 1, VIEWER)
        with (
            many(server.url, 3, get(LIVE, VIEWER)),
            many(server.url, 3, get("/v1/events", VIEWER, STREAM)),
            many(server.url, 3, HALVES["half a body"]),
            many(server.url, 3),
            connect(
                f"{server.ws_url}/v1/realtime?model=lobby", additional_headers=AS_VIEWER, open_timeout=60
            ) as websocket,
        ):
            assert '"session.created"' in str(websocket.recv(60))
            assert server.stop(sig) == 0  # how soon is for benchmarks/hostile.py to say
        assert not re.search(r"Traceback|ERROR|WARNING", "".join(server.log))
    assert place(server.url)


def test_tls_handshakes_that_come_to_nothing_keep_nobody_out_and_are_let_go(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path, "127.0.0.1", "IP:127.0.0.1")
    tls = ("--tls-cert", str(cert), "--tls-key", str(key))
    with live_server(*tls, env=ENV, until="listening", descriptors=1024) as server:
        url = server.url.replace("https", "http")
        with many(url, 1100) as idle, many(url, 50, b"\x16\x03\x01"), many(url, 50, b"GET / HTTP/1.1\r\n\r\n"):
            trust = ssl.create_default_context(cafile=str(cert))
            assert httpx.get(f"{server.url}/healthz", verify=trust, timeout=60).status_code == 200
            assert gone(idle[-1], 60)
        assert len("".join(server.log)) < MAX_LOG
        assert "Traceback" not in "".join(server.log)
