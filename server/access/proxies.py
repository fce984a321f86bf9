"""Reverse proxies that are trusted to say whose requests they bring. Nobody is, unless askcam.toml names them."""

import ipaddress
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from askcam.server.access.origins import address

MAX_HOPS = 32  # of one X-Forwarded-For; a longer one is not read to its end
SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


class TrustedProxies:
    """Networks whose X-Forwarded-For and X-Forwarded-Proto are believed. Raises ValueError for what is none."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        self._networks = tuple(ipaddress.ip_network(one.strip(), strict=False) for one in named)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, host: object) -> bool:
        found = address(host) if isinstance(host, str) and self._networks else None
        return found is not None and any(
            found in network for network in self._networks if network.version == found.version
        )

    def client(self, peer: str, forwarded: str) -> str:
        """Whose request it is that `peer` brings with this X-Forwarded-For: of the hops that it names, from the right
        (each proxy adds the one it heard from at the end), the first that is no trusted proxy. What a client wrote
        itself stands further left. Where a hop is no address, the last proxy before it. Pure."""
        client = peer
        for hop in reversed(forwarded.split(",")[-MAX_HOPS:]):
            if client not in self:
                break
            found = _address(hop)
            if found is None:
                break
            client = found
        return client


def _address(hop: str) -> str | None:
    """The address of one hop, which may have a port; None for a name, "unknown" and nonsense."""
    hop = hop.strip().strip('"')
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    found = address(hop)
    return None if found is None else str(found)


class Forwarded:
    """ASGI: a request's client and scheme are those that a trusted proxy names."""

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self.app, self.proxies = app, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        if self.proxies and peer and peer[0] in self.proxies:
            hops, proto = list[str](), ""
            for name, value in scope["headers"]:
                if name == b"x-forwarded-for":
                    hops.append(value.decode("latin-1"))
                elif name == b"x-forwarded-proto":
                    proto = value.decode("latin-1").rpartition(",")[2].strip().lower()
            client = self.proxies.client(peer[0], ",".join(hops)) if hops else peer[0]
            scope = {**scope, "client": (client, 0 if client != peer[0] else peer[1])}
            if proto in SCHEMES:
                scheme = SCHEMES[proto]
                scope["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
        await self.app(scope, receive, send)
