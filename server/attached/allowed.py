"""Which addresses of other servers may be fetched, and which machines may stand behind their names. Pure.

Both are asked: a name on the list does not help when it leads into the house's own network.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote, urlsplit

from msgspec import Meta

from askcam.server.access.origins import Address

PORTS = {"http": 80, "https": 443}
MAX_URL_CHARS = 2048
NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
WRITE = "write 'https://shop.example/', 'https://shop.example/pictures/' or '*.cdn.example'"

NAT64 = ipaddress.ip_network("64:ff9b::/96")  # the address of IPv4 behind it is its last four bytes
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
# Special, too, and not known as such to every Python that we run on.
SPECIAL = tuple(ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16"))
COMPATIBLE = ipaddress.ip_network("::/96")  # long out of use


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """[fetch] of askcam.toml: from where pictures and clips that messages name by address are fetched. Nowhere, unless
    said."""

    allow: tuple[str, ...] = ()  # "https://shop.example/", "*.cdn.example"
    private: tuple[str, ...] = ()  # hosts that may be in this machine or its network
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0  # of all that one message names
    max_bytes: Annotated[int, Meta(ge=1024, le=64 << 20)] = 16 << 20  # of all that one message names
    max_addresses: Annotated[int, Meta(ge=1, le=64)] = 8  # of one message
    max_at_once: Annotated[int, Meta(ge=1, le=64)] = 8  # messages that are fetched for

    def rules(self) -> "Rules":
        """Raises ValueError naming the entry and the remedy."""
        entries = tuple(_entry(text) for text in self.allow)
        for host in self.private:
            if _literal(host) is None and not NAME.fullmatch(host.lower()):
                raise ValueError(f"private names {host!r}: write a host alone, as in 'pictures.internal'")
            if not any(entry.covers_host(_plain(host)) for entry in entries):
                raise ValueError(f"private names {host!r}, which no entry of allow covers: add it there, too")
        return Rules(entries, frozenset(_plain(host) for host in self.private))


@dataclass(frozen=True, slots=True)
class HostPlace:
    """A web address, taken apart once: what was checked is what is connected to and asked for."""

    scheme: str
    host: str  # lower case, without brackets
    port: int
    target: str  # path and query, as they came

    @property
    def netloc(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.target}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `allow`."""

    scheme: str
    host: str
    port: int
    path: str  # ends with a slash: what begins with it
    below: bool  # hosts below `host`, not itself

    def covers_host(self, host: str) -> bool:
        return host.endswith("." + self.host) if self.below else host == self.host

    def covers(self, place: HostPlace) -> bool:
        path = unquote(place.target.partition("?")[0]).replace("\\", "/")
        return (
            (place.scheme, place.port) == (self.scheme, self.port)
            and self.covers_host(place.host)
            and (path + "/").startswith(self.path)
            and (self.path == "/" or not {".", ".."} & set(unquote(path).split("/")))
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What [fetch] says."""

    entries: tuple[Entry, ...] = ()
    private: frozenset[str] = frozenset()

    def allow(self, place: HostPlace) -> bool:
        """Whether this address may be asked at all."""
        return any(entry.covers(place) for entry in self.entries)

    def may_reach(self, host: str, address: str) -> bool:
        """Whether `host` may be looked for at this IP address."""
        found = ipaddress.ip_address(address.partition("%")[0])
        if found.is_multicast or found.is_unspecified or address == "255.255.255.255":
            return False
        return host in self.private or is_public(found)


def place_of(url: str) -> HostPlace:
    """Raises ValueError with a reason that may be shown."""
    if len(url) > MAX_URL_CHARS:
        raise ValueError(f"it is longer than {MAX_URL_CHARS} characters")
    if not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        raise ValueError("it holds characters that an address may not: write them as %XX, a name as xn--…")
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise ValueError("it is neither http nor https")
    if "@" in parts.netloc:
        raise ValueError("it holds credentials, which are not sent")
    port = parts.port  # raises ValueError for what is none
    host = parts.hostname or ""
    if "%" in host or (_literal(host) is None and not NAME.fullmatch(host)):
        raise ValueError("it has no host that could be looked for")
    if port == 0:
        raise ValueError("there is no port 0")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return HostPlace(scheme, _plain(host), PORTS[scheme] if port is None else port, target)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    if any(address in network for network in SPECIAL):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_private or address.is_loopback
    )


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that such an address leads to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64 or address in COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in SIX_TO_FOUR:
        return ipaddress.IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
    return None


def _entry(text: str) -> Entry:
    whole = text if "://" in text else f"https://{text}"
    below = "://*." in whole
    try:
        place = place_of(whole.replace("://*.", "://", 1))
    except ValueError as exc:
        raise ValueError(f"allow names {text!r}, and {exc}: {WRITE}") from exc
    if "?" in place.target or "#" in text or "%" in place.target:
        raise ValueError(f"allow names {text!r}; an entry has no '?', '#' or '%': {WRITE}")
    if below and ("." not in place.host or _literal(place.host) is not None):
        raise ValueError(f"allow names {text!r}, which would be hosts of all the world: {WRITE}")
    return Entry(place.scheme, place.host, place.port, place.target.rstrip("/") + "/", below)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _plain(host: str) -> str:
    """One way of writing each host."""
    found = _literal(host)
    return str(found) if found is not None else host.lower()
