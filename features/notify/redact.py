"""Addresses of targets may be shown to admins, but most hold secrets: in their paths, users, even hosts. Pure."""

import re
from collections.abc import Iterable

from askcam.server.attached.allowed import HostPlace
from askcam.stream.secrets import Secrets
from askcam.stream.sources.redact import redact

MAX_ERROR_CHARS = 300
LEAST_CHARS = 4  # of a piece that is taken out: "v1" and "api" are no secrets, and would blot out whole sentences
PIECE = re.compile(r"[^\s/?&=:@,;#+]+")


def of_webhook(place: HostPlace) -> str:
    """Scheme and host."""
    return f"{place.scheme}://{place.netloc}/…"


def of_apprise(url: str) -> str:
    """The service alone."""
    return f"{url.partition('://')[0].lower()}://…" if "://" in url else "…"


def without(text: str, urls: Iterable[str]) -> str:
    """`text`, which may repeat some of `urls`, without anything that stands in them behind the scheme."""
    pieces: set[str] = set()
    for url in urls:
        behind = url.partition("://")[2]
        pieces |= {behind, *(piece for piece in PIECE.findall(behind) if len(piece) >= LEAST_CHARS)}
    known = Secrets()
    known.learn("target", pieces)
    return " ".join(redact(known.hide(text)).split())[:MAX_ERROR_CHARS]
