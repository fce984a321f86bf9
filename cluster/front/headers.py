"""Which headers go on to a shard, and which come back. Pure."""

from collections.abc import Iterable, Sequence

Header = tuple[bytes, bytes]

# Of a client's: what the shard's answer depends on. All else (its token, its cookie, Origin, where it comes from) was
# for the front, which has looked at it.
TAKEN = frozenset(
    {b"accept", b"accept-language", b"content-type", b"if-none-match", b"if-range", b"range", b"user-agent"}
)
# Of a connection and not of a message (RFC 9110, 7.6.1), and what the front says itself of every reply.
HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
OWN = frozenset({b"date", b"server", b"set-cookie", b"x-request-id", b"alt-svc", b"www-authenticate"})
MOST_VALUE = 4096  # bytes of a client's header that goes on


def towards(
    headers: Iterable[Header], *, client: str, scheme: str, request_id: str, token: str | None, num_bytes: int | None
) -> list[Header]:
    """What a shard is told. `client`: the address that asks, as the front knows it; `num_bytes` of the body, None: it
    has none."""
    made = [(name, value) for name, value in headers if name in TAKEN and len(value) <= MOST_VALUE]
    made += [
        (b"x-forwarded-for", client.encode()),
        (b"x-forwarded-proto", scheme.encode()),
        (b"x-request-id", request_id.encode()),
    ]
    if token:
        made.append((b"authorization", b"Bearer " + token.encode()))
    if num_bytes is not None:
        made.append((b"content-length", str(num_bytes).encode()))
    return made


def back(headers: Sequence[Header]) -> list[Header]:
    """What its client is told."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = {
        each.strip().lower() for name, value in lowered if name == b"connection" for each in value.split(b",") if each
    }
    return [(name, value) for name, value in lowered if name not in HOP and name not in OWN and name not in named]


def value_of(headers: Sequence[Header], name: bytes) -> bytes:
    """The first of that name; empty if there is none."""
    return next((value for each, value in headers if each.lower() == name), b"")
