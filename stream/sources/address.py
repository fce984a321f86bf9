"""Takes a camera's address apart as people paste it: passwords with raw signs in them. Pure.

A password may hold "/", "?", "#", "[", "@" or a blank that nobody escaped. Read by the book, its beginning would be the
host. So the host is sought where a host can be, and what can be read in two ways is said to be `sure = False`.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

MAX_CHARS = 8192
MAX_SIGNS = 32  # "@" in one address, each of which might stand before the host

_NETWORK = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://", re.ASCII)
_HOST = re.compile(r"((?!-)[\w.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}(?:%[\w.-]{1,32})?\])(?::(\d{1,5}))?")
_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[.*\]|localhost", re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}\.?")  # ends as a domain does
_TAIL = re.compile(r"[/?#]")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """scheme://userinfo@host:port/tail. `userinfo` and `tail` are as they were given."""

    scheme: str  # lower case
    userinfo: str | None
    host: str  # an IPv6 address in brackets
    port: int | None
    tail: str  # path, query and fragment
    sure: bool  # whether it can be read in no other way

    @property
    def user(self) -> str | None:
        return None if self.userinfo is None else unquote(_escaped(self.userinfo.partition(":")[0]))

    @property
    def password(self) -> str | None:
        _, colon, password = (self.userinfo or "").partition(":")
        return unquote(_escaped(password)) if colon else None

    @property
    def url(self) -> str:
        """As the standard has it, with everything escaped that must be; for whoever connects."""
        return self.join(self.userinfo)

    @property
    def bare_url(self) -> str:
        """`url` without user and password."""
        return self.join(None)

    @property
    def target(self) -> str:
        """Path and query, as a request over HTTP names them."""
        tail = self._tail.partition("#")[0]
        return tail if tail.startswith("/") else f"/{tail}"

    @property
    def _tail(self) -> str:
        return quote(_BARE_PERCENT.sub("%25", self.tail), safe="/?#[]@!$&'()*+,;=:%~|\\^`{}\"")

    def join(self, userinfo: str | None) -> str:
        user, colon, password = (userinfo or "").partition(":")
        who = "" if userinfo is None else f"{_escaped(user)}{colon}{_escaped(password)}@"
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{who}{self.net_host}{port}{self._tail}"

    @property
    def net_host(self) -> str:
        """The host as the resolver wants it."""
        if self.host.isascii():
            return self.host
        try:
            return self.host.encode("idna").decode()
        except UnicodeError:
            return self.host


def split(uri: str) -> SourceAddress | None:
    """The parts of a network address; None for what is none, or names no host and port."""
    found = _NETWORK.match(uri)
    if found is None or len(uri) > MAX_CHARS:
        return None
    rest = uri[found.end() :]
    end = _TAIL.search(rest)
    book = len(rest) if end is None else end.start()  # where the authority ends, by the book
    signs = [place for place, sign in enumerate(rest) if sign == "@"]
    if len(signs) > MAX_SIGNS:
        return None
    last = max((sign for sign in signs if sign < book), default=None)
    ways: list[int | None] = [None] if last is None else [last]
    ways += [sign for sign in reversed(signs) if sign != last]
    read = [(way, host) for way in ways if (host := _host(rest, way)) is not None]
    if not read:
        return None
    way, host = read[0]
    if not _strong(host):
        way, host = next(((other, where) for other, where in read if _strong(where)), read[0])
    begin = 0 if way is None else way + 1
    told_apart = bool(_NUMBERS.fullmatch(host[1])) or (way is None and _strong(host))
    sure = len(read) == 1 or told_apart or not any(sign > begin for sign in signs)
    port = int(host[2]) if host[2] else None
    tail = rest[begin + host.end() :]
    return SourceAddress(found[1].lower(), None if way is None else rest[:way], host[1], port, tail, sure)


def _host(rest: str, way: int | None) -> "re.Match[str] | None":
    """Host and port behind the "@" at `way`, when they end where such an end can be."""
    begin = 0 if way is None else way + 1
    end = _TAIL.search(rest, begin)
    authority = rest[begin : len(rest) if end is None else end.start()]
    host = _HOST.fullmatch(authority)
    return None if host is None or (host[2] and not 0 < int(host[2]) < 65536) else host


def _strong(host: "re.Match[str]") -> bool:
    """An address in numbers, or a name with a domain."""
    return bool(_NUMBERS.fullmatch(host[1]) or _NAME.fullmatch(host[1]))


def _escaped(piece: str) -> str:
    """`piece` of a userinfo with all that is not allowed there escaped; what was escaped already stays."""
    return quote(_BARE_PERCENT.sub("%25", piece), safe="%!$&'()*+,;=~:")


def with_userinfo(at: SourceAddress, userinfo: str | None) -> SourceAddress:
    """`at` as `userinfo`, unless it names somebody itself."""
    return at if at.userinfo is not None or userinfo is None else replace(at, userinfo=userinfo)
