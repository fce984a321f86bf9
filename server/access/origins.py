"""Where a request comes from: rules on addresses and on the Host and Origin headers. Pure."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address(host: str) -> Address | None:
    """The IP address that `host` is, brackets and zone allowed; None for a name. A mapped IPv4 address is that one."""
    try:
        found = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, no port) can only mean this machine."""
    found = address(host)
    return found.is_loopback if found else host.lower() == "localhost"


@lru_cache(4096)
def client_key(host: str | None) -> str:
    """Under which key a client's rates are counted: its address, of IPv6 the /64 that one subscriber has."""
    found = address(host or "")
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found or host or "local")


def host_of(host_header: str) -> str | None:
    """The name or address in a Host header, lower case, without brackets; None when it is malformed."""
    place = _place("http://" + host_header)
    return None if place is None else place[0]


def normal_origin(text: str) -> str | None:
    """`scheme://host[:port]` in lower case without a default port; None when `text` is anything else."""
    place = _place(text)
    scheme = text.partition("://")[0].lower()
    if place is None or scheme not in ("http", "https") or urlsplit(text).path.strip("/"):
        return None
    host, port = place
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if port == PORTS[scheme] else f":{port}")


def origin_of(url: str) -> str | None:
    """The origin of an http(s) URL, as normal_origin() writes it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return normal_origin(f"{parts.scheme}://{parts.netloc}")


def same_place(origin: str, host_header: str) -> bool:
    """Whether a page of `origin` was served by what answers to `host_header`: same host and port.

    The scheme is not compared: behind a proxy that ends TLS this server sees http where the browser has https.
    """
    scheme = origin.partition("://")[0].lower()
    theirs = _place(origin)
    return theirs is not None and theirs == _place(f"{scheme}://{host_header}")


def _place(url: str) -> tuple[str, int] | None:
    """(host in lower case, port) of a URL of a known scheme; None when it has none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.scheme.lower() not in PORTS or parts.username is not None:
        return None
    return host, PORTS[parts.scheme.lower()] if port is None else port
