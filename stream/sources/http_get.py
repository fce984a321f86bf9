"""Fetches one thing from a camera over HTTP, bounded in bytes and in time, with Basic or Digest. Blocks."""

import contextlib
import email.utils
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from askcam.stream.errors import SourceError
from askcam.stream.sources import address
from askcam.stream.sources.address import SourceAddress
from askcam.stream.sources.http_auth import Challenge, authorization, best, challenges
from askcam.stream.sources.label import label
from askcam.stream.sources.replies import plain, refused

PORTS = {"http": 80, "https": 443}
MAX_REDIRECTS = 4
MAX_WAIT_S = 300.0  # that a Retry-After is followed
CHUNK = 64 << 10
KEPT = ("multipart/", "video/x-motion-jpeg", "video/x-mjpeg", "video/mjpeg")  # media types of JPEGs without an end


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came. `body` holds at most as much as was wanted."""

    status: int
    kind: str  # media type, lower case, without parameters
    body: bytes
    asked_at: float  # time.monotonic() when the request that was answered went out
    etag: str = ""
    modified: str = ""
    retry_after_s: float | None = None
    stream: http.client.HTTPResponse | None = None  # still open, its body not read: for who asked to keep it


@dataclass(slots=True)
class Getter:
    """A camera's address, and how it wants to be asked. One thread, but for interrupt()."""

    at: SourceAddress
    shown: str
    agent: str = "askcam"
    _offered: tuple[Challenge, ...] = ()
    _socket: socket.socket | None = None
    _kept: http.client.HTTPResponse | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _interrupted: bool = False

    def get(
        self,
        timeout_s: float,
        max_bytes: int,
        *,
        whole: bool,
        headers: Mapping[str, str] | None = None,
        keep_s: float | None = None,
    ) -> HttpReply:
        """GET it. `whole`: more than `max_bytes` is refused; else no more than that is read, and it may be endless.

        `keep_s`: an endless one (KEPT) is left open, for its caller to read and close; each of its reads may take that.
        Raises SourceError for what is no answer, and for a refusal but 304, 429 and 503 with Retry-After.
        """
        deadline = time.monotonic() + timeout_s
        at, shown = self.at, self.shown
        for _ in range(MAX_REDIRECTS + 1):
            reply, location = self._asked(at, shown, deadline, timeout_s, max_bytes, whole, headers or {}, keep_s)
            if location is None:
                return reply
            moved = address.split(urljoin(at.bare_url, location[: address.MAX_CHARS]))
            if moved is None or moved.scheme not in PORTS:
                raise SourceError(f"{shown} sends us on to {label(location)}, which is not read: configure it instead")
            same = (moved.host.lower(), moved.port or PORTS[moved.scheme]) == (
                at.host.lower(),
                at.port or PORTS[at.scheme],
            )
            if moved.scheme == "http" and at.scheme == "https":
                same = False
            at = address.with_userinfo(moved, at.userinfo if same else None)
            shown = f"{self.shown}, which sends us on to {label(moved.bare_url)},"
        raise SourceError(f"{self.shown} sends us from one address to the next: configure the last one instead")

    def interrupt(self) -> None:
        """Any thread: a get() under way fails soon."""
        with self._lock:
            self._interrupted = True
            sock = self._socket
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of what was kept open, after its reader has ended."""
        with self._lock:
            sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()

    def _asked(
        self,
        at: SourceAddress,
        shown: str,
        deadline: float,
        timeout_s: float,
        max_bytes: int,
        whole: bool,
        headers: Mapping[str, str],
        keep_s: float | None,
    ) -> tuple[HttpReply, str | None]:
        """One address, with user and password when they are asked for: the reply, or where it leads to."""
        target = at.target
        for attempt in range(3):
            given = dict(headers)
            way = best(self._offered) if at.userinfo is not None else None
            if way is not None:
                given["Authorization"] = authorization(way, at.user or "", at.password or "", "GET", target)
            with self._answer(at, shown, target, given, deadline, timeout_s) as (response, asked_at):
                status = response.status
                if status == 401:
                    offered = tuple(challenges(response.headers.get_all("WWW-Authenticate", [])))
                    stale = any(each.stale for each in offered)
                    self._offered = offered
                    fresh = way is None or stale
                    if at.userinfo is None or best(offered) is None or attempt == 2 or not fresh:
                        raise refused(401, "", shown, at.userinfo is not None, offered=offered)
                    continue
                if status in (301, 302, 303, 307, 308) and response.headers.get("Location"):
                    return HttpReply(status, "", b"", asked_at), response.headers["Location"]
                retry = _seconds(response.headers.get("Retry-After"))
                waits = status == 429 or (status == 503 and retry is not None)
                if status not in (200, 206, 304) and not waits:
                    raise refused(status, response.reason or "", shown, at.userinfo is not None)
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                if keep_s is not None and status == 200 and kind.startswith(KEPT):
                    self._keep(response, keep_s)
                    return HttpReply(status, kind, b"", asked_at, stream=response), None
                body = b"" if status == 304 or waits else _body(response, deadline, max_bytes, whole, shown, timeout_s)
                tags = response.headers.get("ETag", "")[:256], response.headers.get("Last-Modified", "")[:64]
                return HttpReply(status, kind, body, asked_at, *tags, retry if waits else None), None
        raise AssertionError("unreachable")

    def _keep(self, response: http.client.HTTPResponse, read_s: float) -> None:
        with self._lock:
            self._kept = response
            if self._socket is not None:
                self._socket.settimeout(read_s)

    @contextlib.contextmanager
    def _answer(
        self, at: SourceAddress, shown: str, target: str, headers: Mapping[str, str], deadline: float, timeout_s: float
    ) -> Iterator[tuple[http.client.HTTPResponse, float]]:
        """The beginning of a reply, and when it was asked for."""
        host, port = at.net_host.strip("[]"), at.port or PORTS[at.scheme]
        where = f"{at.host}:{port}"
        left = max(0.05, deadline - time.monotonic())
        connection: http.client.HTTPConnection
        if at.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as FFmpeg: cameras sign for themselves
            connection = http.client.HTTPSConnection(host, port, timeout=left, context=context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=left)
        with self._lock:
            if self._interrupted:
                raise SourceError(f"{shown}: closed")
        response: http.client.HTTPResponse | None = None
        try:
            try:
                connection.connect()
                with self._lock:
                    self._socket = connection.sock  # `connection` forgets it where the reply has no end
                asked_at = time.monotonic()
                connection.request("GET", target, headers={"User-Agent": self.agent, "Accept": "*/*", **headers})
                response = connection.getresponse()
            except socket.gaierror as error:
                raise SourceError(f"{shown}: no machine is called {at.host!r}: check the host name") from error
            except ConnectionRefusedError as error:
                raise SourceError(
                    f"{shown}: nothing listens at {where} (connection refused): is the camera on, is the port right?"
                ) from error
            except TimeoutError as error:
                raise SourceError(
                    f"{shown}: no answer from {where} within {timeout_s:g} s: is it on, is the address right?"
                ) from error
            except ssl.SSLError as error:
                raise SourceError(
                    f"{shown}: {where} speaks no TLS that we know ({plain(error.reason or 'the handshake failed')}): "
                    "try http:// instead of https://"
                ) from error
            except (http.client.HTTPException, ConnectionError) as error:
                if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
                    raise SourceError(
                        f"{shown}: {where} hung up without an answer: has it too many viewers? Is the port right?"
                    ) from error
                raise SourceError(f"{shown}: what {where} answers is no HTTP: is the port right?") from error
            except OSError as error:
                raise SourceError(
                    f"{shown}: {where} is not reached ({plain(error.strerror or '')}): is it on, and in this network?"
                ) from error
            yield response, asked_at
        finally:
            if response is None or response is not self._kept:
                with self._lock:
                    self._socket = None
                if response is not None:
                    response.close()
                connection.close()


def _body(
    response: http.client.HTTPResponse, deadline: float, max_bytes: int, whole: bool, shown: str, timeout_s: float
) -> bytes:
    """At most `max_bytes` of it, however slowly they come. Raises SourceError."""
    body = bytearray()
    if whole and response.length is not None and response.length > max_bytes:
        raise SourceError(
            f"{shown} sends {response.length} bytes; at most {max_bytes} are read: make its picture smaller"
        )
    try:
        while len(body) <= max_bytes:
            if time.monotonic() > deadline:
                raise TimeoutError
            data = response.read1(min(CHUNK, max_bytes + 1 - len(body)))
            if not data:
                break
            body += data
            if not whole and len(body) >= 512:
                break
    except TimeoutError as error:
        if not whole and body:
            return bytes(body)
        raise SourceError(f"{shown}: its picture did not come within {timeout_s:g} s: is the network slow?") from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise SourceError(f"{shown} hung up in the middle of a picture: is it overloaded?") from error
    if whole and len(body) > max_bytes:
        raise SourceError(f"{shown} sends more than {max_bytes} bytes: make its picture smaller")
    if whole and response.length:
        raise SourceError(f"{shown} hung up in the middle of a picture: is it overloaded?")
    return bytes(body[:max_bytes])


def _seconds(value: str | None) -> float | None:
    """A Retry-After: seconds, or a date."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(MAX_WAIT_S, float(value[:9]))
    try:
        when = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(MAX_WAIT_S, max(0.0, when - time.time()))
