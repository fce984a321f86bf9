"""Pictures and clips that messages name by an http(s) address, fetched from the servers on the list and no others.

What is fetched takes the place of its address as a data URL, so that it is read, bounded and refused as any other.
"""

import asyncio
import base64
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import httpcore2

from askcam.server.access.shares import NOBODY, ClientIdentity, Places
from askcam.server.attached.allowed import FetchConfig, HostPlace, place_of
from askcam.server.attached.connecting import AddressNotAllowed, LookUp, Pinned, look_up, opened
from askcam.server.attached.content import MAX_CLIP_BYTES, MAX_PICTURE_BYTES, Kind, remedy, shown
from askcam.server.errors import Invalid, Refusal
from askcam.server.given_names import quoted
from askcam.server.lifecycle import ServerPart

MAX_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
MAX_BYTES = {"image": MAX_PICTURE_BYTES, "video": MAX_CLIP_BYTES}  # of one
UNSAID = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class NamedPicture:
    """A place in a message that holds an http(s) address. `put` puts something else there."""

    url: str
    param: str  # where it is, for a refusal
    kind: Kind
    put: Callable[[str], None]


class Fetcher(ServerPart):
    """Owned by the event loop, which it never blocks. At most `max_at_once` messages are fetched for, half of them
    for one client; beyond it the next one is refused."""

    def __init__(
        self, config: FetchConfig | None = None, *, tls: ssl.SSLContext | None = None, look_up: LookUp = look_up
    ) -> None:
        """`tls`: None trusts whom the system trusts. Raises ValueError for what `config` cannot mean."""
        self._config = FetchConfig() if config is None else config
        self._rules = self._config.rules()
        self._tls = httpcore2.default_ssl_context() if tls is None else tls
        self._network = Pinned(self._rules, look_up)
        self._places = Places("fetches of pictures", self._config.max_at_once, remedy="try again, or send data URLs")

    async def close(self) -> None:
        """Nothing more is looked up."""
        self._network.close()

    async def put(self, named: Iterable[NamedPicture], client: ClientIdentity = NOBODY) -> None:
        """Put what lies at these addresses in their places, as data URLs.

        Raises Invalid naming the place, TooMany when too much is under way. What has no http(s) address is let be.
        """
        wanted: dict[str, list[NamedPicture]] = {}
        for one in named:
            if one.url[:8].lower().startswith(("http://", "https://")):
                self._check(one)
                wanted.setdefault(one.url, []).append(one)
        if not wanted:
            return
        if len(wanted) > self._config.max_addresses:
            raise Invalid(
                f"one message may name {self._config.max_addresses} addresses: send fewer pictures, or data URLs",
                next(reversed(wanted.values()))[0].param,
                "too_large",
            )
        with self._places.holding(client):
            await self._put(list(wanted.values()))

    def _check(self, one: NamedPicture) -> None:
        try:
            allowed = self._rules.allow(place_of(one.url))
        except ValueError as exc:
            raise _unsupported(one, str(exc)) from exc
        if not allowed:
            raise _unsupported(one, "it is not allowed under [fetch] in askcam.toml")

    async def _put(self, wanted: list[list[NamedPicture]]) -> None:
        left = _Left(self._config.max_bytes)
        try:
            async with asyncio.timeout(self._config.timeout_s), asyncio.TaskGroup() as group:
                for same in wanted:
                    group.create_task(self._put_one(same, left))
        except ExceptionGroup as caught:  # the first one ended the others
            raise caught.exceptions[0] from caught
        except TimeoutError as exc:
            what = f"it took longer than the {self._config.timeout_s:g} s of timeout_s under [fetch]"
            raise _failed(wanted[0][0], what) from exc

    async def _put_one(self, same: Sequence[NamedPicture], left: "_Left") -> None:
        """What lies at an address, in all the places that name it."""
        one = same[0]
        try:
            data = await self._follow(one, left)
        except AddressNotAllowed as exc:
            raise _unsupported(one, str(exc)) from exc
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as exc:
            raise _failed(one, str(exc) or type(exc).__name__) from exc
        left.take(len(data) * (len(same) - 1), one)  # each place holds all of it
        url = "data:;base64," + (await asyncio.to_thread(base64.b64encode, data)).decode()
        for each in same:
            each.put(url)

    async def _follow(self, one: NamedPicture, left: "_Left") -> bytes:
        """Every place on the way is checked as the first one was."""
        place = place_of(one.url)
        for _ in range(MAX_REDIRECTS + 1):
            async with opened(place, self._network, self._tls) as response:
                if response.status not in REDIRECTS:
                    return await _read(response, one, left)
                place = self._next(place, _header(response, b"location"))
        raise _failed(one, f"it leads on more than {MAX_REDIRECTS} times")

    def _next(self, place: HostPlace, location: str) -> HostPlace:
        try:
            found = place_of(urljoin(place.url, location).partition("#")[0])
        except ValueError as exc:
            raise AddressNotAllowed(f"it leads to {shown(location)}, and {exc}") from exc
        if not self._rules.allow(found):
            raise AddressNotAllowed(f"it leads to {shown(found.url)}, which is not allowed under [fetch]")
        return found


class _Left:
    """How many bytes may still come for one message."""

    def __init__(self, num_bytes: int) -> None:
        self.num_bytes = num_bytes

    def take(self, num_bytes: int, one: NamedPicture) -> None:
        """Raises Invalid when that is too much."""
        self.num_bytes -= num_bytes
        if self.num_bytes < 0:
            raise _too_large(one, "more than max_bytes under [fetch] allows for one message")


async def _read(response: httpcore2.Response, one: NamedPicture, left: _Left) -> bytes:
    """The body, unless it is too large, or said to be something else."""
    if response.status != 200:
        raise _failed(one, f"its server answers with status {response.status}")
    kind = _header(response, b"content-type").partition(";")[0].strip().lower() or UNSAID
    if kind != UNSAID and not kind.startswith(f"{one.kind}/"):
        raise Invalid(
            f"{shown(one.url)} is of type {quoted(kind)}, no {one.kind}: name the file itself, not a page about it",
            one.param,
            f"invalid_{one.kind}",
        )
    if _header(response, b"content-encoding") not in ("", "identity"):
        raise _failed(one, "its server packs what it sends")
    most = MAX_BYTES[one.kind]
    length = _header(response, b"content-length")
    if length.isdigit() and int(length) > most:
        raise _too_large(one, f"{int(length):,} bytes")
    data = bytearray()
    async for piece in response.aiter_stream():
        left.take(len(piece), one)
        data += piece
        if len(data) > most:
            raise _too_large(one, f"more than {most:,} bytes")
    if not data:
        raise _failed(one, "there are no bytes at it")
    return bytes(data)


def _header(response: httpcore2.Response, name: bytes) -> str:
    """Empty when it isn't there."""
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _unsupported(one: NamedPicture, why: str) -> Refusal:
    return Invalid(
        f"this server does not fetch {shown(one.url)}: {why}; {remedy(one.kind)}", one.param, "unsupported_url"
    )


def _failed(one: NamedPicture, why: str) -> Refusal:
    return Invalid(
        f"{shown(one.url)} cannot be fetched: {why}; try it in a browser, or send a data URL",
        one.param,
        "fetch_failed",
    )


def _too_large(one: NamedPicture, size: str) -> Refusal:
    return Invalid(f"{shown(one.url)} has {size}: name a smaller one", one.param, "too_large")
