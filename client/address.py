"""Where a server is: one URL as people write it, and what it becomes for HTTP and for websockets. Pure."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from askcam.client.errors import ConnectionFailed

SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


@dataclass(frozen=True, slots=True)
class Address:
    """A server's place, without a slash at its end. Any path before /v1 is kept: a proxy may want it."""

    http: str
    ws: str
    host: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """`http://host:8400`, with or without its scheme or `/v1`. Raises ConnectionFailed for what is no URL."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in SCHEMES or parts.username is not None:
            raise ConnectionFailed(
                f"{parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()!r} is not a server's address: "
                "it looks like http://127.0.0.1:8400, and a token is given beside it"
            )
        ws = SCHEMES[parts.scheme]
        rest = parts.netloc + parts.path.rstrip("/").removesuffix("/v1")
        return cls(f"http{ws[2:]}://{rest}", f"{ws}://{rest}", host)

    @property
    def local(self) -> bool:
        """Whether this is the same machine, so that no proxy leads there."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def realtime(self, model: str, session: str | None = None, after: str | None = None) -> str:
        """A new session about `model`; or back to `session`, where `after` was the last event to arrive."""
        back = "" if session is None else f"&session={quote(session, safe='')}&after={quote(after or '', safe='')}"
        return f"{self.ws}/v1/realtime?model={quote(model, safe=':')}{back}"
