"""Where a model server is: its address, taken apart and checked. Pure."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from askcam.engine.errors import ModelError

KEY = "ASKCAM_MODEL_KEY"  # of the environment: what the server knows us by
PORTS = {"http": 80, "https": 443}
MAX_CHARS = 2048
SAID = "--model-url, or url under [model]"  # where people say it


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """Where a model server is. `path` is that of its protocol ("/v1"), without a slash at the end."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> "ServerPlace":
        """Raises ValueError naming what is wrong, without the address: it may hold a password."""
        if not url.isascii() or not url.isprintable() or " " in url or len(url) > MAX_CHARS:
            raise ValueError("url holds characters that no address has, or too many: write 'http://gpu1:8000/v1'")
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("url must begin with http:// or https:// and name a host: write 'http://gpu1:8000/v1'")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                f"url takes neither password nor query: a key goes into {KEY} (of [models.NAME] into {KEY}_NAME)"
            )
        try:
            port = parts.port or PORTS[parts.scheme]
        except ValueError as exc:
            raise ValueError("url has no port that there is: write a number, as in 'http://gpu1:8000/v1'") from exc
        return cls(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))

    @property
    def netloc(self) -> str:
        """As people read it, and the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def exposed(self) -> bool:
        """Whether pictures and key go over a network that others may read."""
        return self.scheme == "http" and not self._is_here()

    def _is_here(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")


def check_key(key: str, key_name: str = KEY) -> None:
    """Raises ModelError for what no header may hold, without repeating the key. `key_name`: where it comes from."""
    if "\n" in key or "\r" in key:
        raise ModelError(f"{key_name} holds a line break: set it to the key alone, on one line")
    if not key.isascii() or not key.isprintable():
        raise ModelError(
            f"{key_name} holds a character that no key has (a control character, or none of ASCII): set it anew"
        )


def check_url(url: str) -> ServerPlace:
    """Raises ModelError."""
    try:
        return ServerPlace.of(url)
    except ValueError as exc:
        raise ModelError(str(exc)) from exc
