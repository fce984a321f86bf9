"""Finds out why an RTSP camera did not play: asks it step by step, and says where it stopped and with what.

FFmpeg makes one number of most refusals, and of silence another that means something else ("operation not permitted").
So after a failure the camera is asked once more, by hand: OPTIONS, DESCRIBE, SETUP, PLAY. Blocks; bounded in time and
in bytes. Nothing is read of a stream.
"""

import contextlib
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urljoin

from askcam.stream.sources import address
from askcam.stream.sources.address import SourceAddress
from askcam.stream.sources.http_auth import Challenge, authorization, best, challenges

PORTS = {"rtsp": 554, "rtsps": 322}
MAX_BYTES = 64 << 10  # of one reply
MAX_REDIRECTS = 3
AGENT = "askcam"

_STATUS = re.compile(rb"(?:RTSP|HTTP)/\d\.\d (\d{3})(?: ([^\r\n]*))?\r?\n")


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What came of it: the first step that was not answered well."""

    step: str  # "connect", "TLS", "OPTIONS", "DESCRIBE", "SETUP", "PLAY"; "" when all went well
    what: str  # "refused", "unreachable", "unknown host", "silent", "closed", "garbage", "status", "well"
    status: int = 0
    phrase: str = ""
    offered: tuple[Challenge, ...] = ()  # how the camera wants to be asked
    media: tuple[tuple[str, str], ...] = ()  # of the SDP: ("video", "H264"), ("audio", "PCMU")
    moved_to: str | None = None  # the address that it was redirected to
    detail: str = ""


class _Stop(Exception):
    def __init__(self, what: str, status: int = 0, phrase: str = "", detail: str = "") -> None:
        super().__init__(what)
        self.what, self.status, self.phrase, self.detail = what, status, phrase, detail


@dataclass(slots=True)
class _Talk:
    """One connection."""

    at: SourceAddress
    deadline: float
    sock: socket.socket | None = None
    buffer: bytearray = field(default_factory=bytearray)
    number: int = 0
    session: str = ""
    offered: tuple[Challenge, ...] = ()
    step: str = "connect"

    def left_s(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _Stop("silent")
        return left

    def connect(self) -> None:
        host, port = self.at.net_host.strip("[]"), self.at.port or PORTS[self.at.scheme]
        try:
            self.sock = socket.create_connection((host, port), timeout=self.left_s())
        except socket.gaierror as error:
            raise _Stop("unknown host") from error
        except ConnectionRefusedError as error:
            raise _Stop("refused") from error
        except OSError as error:
            raise _Stop("unreachable", detail=error.strerror or "") from error
        if self.at.scheme == "rtsps":
            self.step = "TLS"
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as FFmpeg: cameras sign for themselves
            try:
                self.sock = context.wrap_socket(self.sock, server_hostname=host)
            except TimeoutError as error:
                raise _Stop("silent") from error
            except OSError as error:
                raise _Stop("garbage", detail=getattr(error, "reason", None) or "") from error

    def ask(self, method: str, url: str, **headers: str) -> tuple[int, str, dict[str, list[str]], bytes]:
        """One request and its reply, with user and password when they are asked for."""
        self.step = method
        reply = self._exchange(method, url, headers)
        if reply[0] == 401:
            self.offered = tuple(challenges(reply[2].get("www-authenticate", ())))
        tries = 0
        while (
            reply[0] == 401 and self.at.userinfo is not None and (way := best(self.offered)) is not None and tries < 2
        ):
            tries += 1
            given = authorization(way, self.at.user or "", self.at.password or "", method, url)
            reply = self._exchange(method, url, {**headers, "Authorization": given})
            again = tuple(challenges(reply[2].get("www-authenticate", ())))
            if reply[0] != 401 or not any(each.stale for each in again):
                break
            self.offered = again
        return reply

    def _exchange(self, method: str, url: str, headers: dict[str, str]) -> tuple[int, str, dict[str, list[str]], bytes]:
        assert self.sock is not None
        self.number += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.number}", f"User-Agent: {AGENT}"]
        lines += [f"Session: {self.session}"] if self.session else []
        lines += [f"{name}: {value}" for name, value in headers.items()]
        try:
            self.sock.settimeout(self.left_s())
            self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace"))
            return self._reply()
        except TimeoutError as error:
            raise _Stop("silent") from error
        except OSError as error:
            raise _Stop("closed") from error

    def _reply(self) -> tuple[int, str, dict[str, list[str]], bytes]:
        while True:
            while self.buffer[:1] == b"$" or not self.buffer:  # a stream that begins early
                self._need(4)
                if self.buffer[:1] != b"$":
                    break
                size = 4 + int.from_bytes(self.buffer[2:4])
                self._need(size)
                del self.buffer[:size]
            while (end := self.buffer.find(b"\r\n\r\n")) < 0:
                if len(self.buffer) >= 4 and not self.buffer.startswith((b"RTSP", b"HTTP")):
                    raise _Stop("garbage")
                self._more()
            head = bytes(self.buffer[: end + 2])
            status = _STATUS.match(head)
            if status is None:
                raise _Stop("garbage")
            headers: dict[str, list[str]] = {}
            for line in head.decode("utf-8", "replace").split("\r\n")[1:]:
                name, _, value = line.partition(":")
                headers.setdefault(name.strip().lower(), []).append(value.strip())
            length = headers.get("content-length", ["0"])[0]
            size = int(length) if length.isascii() and length.isdigit() and len(length) < 7 else 0
            del self.buffer[: end + 4]
            self._need(size)
            body = bytes(self.buffer[:size])
            del self.buffer[:size]
            return int(status[1]), (status[2] or b"").decode("utf-8", "replace"), headers, body

    def _need(self, size: int) -> None:
        while len(self.buffer) < size:
            self._more()

    def _more(self) -> None:
        assert self.sock is not None
        if len(self.buffer) > MAX_BYTES:
            raise _Stop("garbage")
        self.sock.settimeout(self.left_s())
        data = self.sock.recv(16 << 10)
        if not data:
            raise _Stop("closed")
        self.buffer += data

    def close(self) -> None:
        if self.sock is not None:
            if self.session:
                with contextlib.suppress(OSError):
                    self.sock.settimeout(0.2)
                    self.sock.sendall(
                        f"TEARDOWN {self.at.bare_url} RTSP/1.0\r\nCSeq: {self.number + 1}\r\n"
                        f"Session: {self.session}\r\n\r\n".encode()
                    )
            with contextlib.suppress(OSError):
                self.sock.close()


def probe(at: SourceAddress, budget_s: float) -> ProbeResult:
    """Ask the camera at `at` for at most `budget_s` seconds. Never raises for what the camera does."""
    deadline = time.monotonic() + budget_s
    moved: str | None = None
    for _ in range(MAX_REDIRECTS + 1):
        talk = _Talk(at, deadline)
        media: tuple[tuple[str, str], ...] = ()
        try:
            talk.connect()
            moved_to, media = _walk(talk)
        except _Stop as stop:
            return ProbeResult(talk.step, stop.what, stop.status, stop.phrase, talk.offered, media, moved, stop.detail)
        finally:
            talk.close()
        if moved_to is None:
            return ProbeResult("", "well", 200, "", talk.offered, media, moved)
        moved = urljoin(at.bare_url, moved_to[: address.MAX_CHARS])
        following = address.split(moved)
        if following is None or following.scheme not in PORTS:
            return ProbeResult("DESCRIBE", "status", 302, "", talk.offered, (), moved)
        at = following
    return ProbeResult("DESCRIBE", "status", 310, "Too many redirects", (), (), moved)


def _walk(talk: _Talk) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """The steps of one connection: where it is redirected to, or the media that it has. Raises _Stop."""
    url = talk.at.bare_url

    def well(reply: tuple[int, str, dict[str, list[str]], bytes]) -> tuple[dict[str, list[str]], bytes]:
        status, phrase, headers, body = reply
        if status >= 300:
            raise _Stop("status", status, phrase)
        return headers, body

    options = talk.ask("OPTIONS", url)
    if options[0] not in (401, 404, 405, 501, 551):  # many cameras answer it oddly, and play
        well(options)
    described = talk.ask("DESCRIBE", url, Accept="application/sdp")
    if 300 <= described[0] < 400 and described[2].get("location"):
        return described[2]["location"][0], ()
    headers, body = well(described)
    sdp = body.decode("utf-8", "replace")
    if not sdp.lstrip().startswith("v="):
        raise _Stop("garbage", detail="its description is no SDP")
    media, control = _media(sdp)
    if control is None:
        return None, media
    base = headers.get("content-base", headers.get("content-location", [url]))[0] or url
    track = control if "://" in control else base.rstrip("/") + "/" + control if control != "*" else base
    set_up, _ = well(talk.ask("SETUP", track, Transport="RTP/AVP/TCP;unicast;interleaved=0-1"))
    talk.session = set_up.get("session", [""])[0].partition(";")[0][:256]
    well(talk.ask("PLAY", base, Range="npt=0.000-"))
    return None, media


def _media(sdp: str) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """Kinds and codecs, and the control address of the first video."""
    found: list[list[str]] = []
    for line in sdp.splitlines()[:500]:
        line = line.strip()
        if line.startswith("m="):
            kind, *rest = line[2:].split()
            found.append([kind.lower(), _STATIC.get(rest[-1] if rest else "", ""), ""])
        elif found and line.startswith("a=rtpmap:"):
            found[-1][1] = line.partition(" ")[2].partition("/")[0][:20]
        elif found and line.startswith("a=control:"):
            found[-1][2] = line.removeprefix("a=control:")
    control = next((each[2] or "*" for each in found if each[0] == "video"), None)
    return tuple((kind, codec) for kind, codec, _ in found), control


_STATIC = {"0": "PCMU", "8": "PCMA", "14": "MPA", "26": "JPEG", "32": "MPV", "33": "MP2T"}
