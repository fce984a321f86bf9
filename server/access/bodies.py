"""How much a request may bring: of one body, and of all that are being received, per client and in all."""

from collections import Counter
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcam.server.access.guard import OPEN
from askcam.server.access.intake import Intake
from askcam.server.access.shares import ClientIdentity, client_of
from askcam.server.errors import TooLarge, TooMany

MAX_OPEN_BYTES = 4096  # of a body that comes before anybody has shown a token: a login
STARTED = ("http.response.start",)


class Bound(NamedTuple):
    """Of one body, and whether limits.max_body_bytes raises it."""

    num_bytes: int
    settable: bool = True


class Receiving:
    """Bytes of bodies that are held until their requests begin to be answered. Owned by the event loop."""

    def __init__(self, most: int, share: float = 0.5) -> None:
        self.most, self.per_client = most, max(1, int(most * share))
        self._held: Counter[str] = Counter()

    @property
    def num_bytes(self) -> int:
        return self._held.total()

    def take(self, client: ClientIdentity, num_bytes: int) -> bool:
        """Count some more; False, and nothing is counted, when that is too much."""
        mine = self._held[client.key] + num_bytes
        if self.num_bytes + num_bytes > self.most or (mine > self.per_client and not client.admin):
            return False
        self._held[client.key] = mine
        return True

    def leave(self, client: ClientIdentity, num_bytes: int) -> None:
        self._held[client.key] -= num_bytes
        if self._held[client.key] <= 0:
            del self._held[client.key]


class BodyLimit:
    """ASGI: refuses HTTP bodies of more than `max_bytes` (TooLarge), by their stated length or as they come, and
    (TooMany) what comes while too much is being received; reads no faster than `intake` has it (None: what it is given
    was read already). Stands behind Guard: nothing is read of whom that refuses."""

    def __init__(self, app: ASGIApp, max_bytes: int, receiving: Receiving, intake: Intake | None = None) -> None:
        self.app, self.max_bytes, self.receiving, self.intake = app, max_bytes, receiving, intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bound = bound_of(scope, self.max_bytes)
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and (len(length) > 18 or int(length) > bound.num_bytes):
            raise too_large(bound)
        client, num_bytes, held = client_of(HTTPConnection(scope)), 0, 0

        def let_go() -> None:
            nonlocal held
            self.receiving.leave(client, held)
            held = 0

        async def counted() -> Message:
            nonlocal num_bytes, held
            if self.intake is not None:
                await self.intake.turn(client)
            message = await receive()
            came = len(message.get("body", b""))
            num_bytes += came
            if self.intake is not None:
                self.intake.came(client, came)
            if num_bytes > bound.num_bytes:
                raise too_large(bound)  # in the route, which is answered by the app's handler of refusals
            if came:
                if not self.receiving.take(client, came):
                    raise _too_many()
                held += came
            return message

        async def answered(message: Message) -> None:
            if message["type"] in STARTED:
                let_go()  # what it has become is counted elsewhere
            await send(message)

        try:
            await self.app(scope, counted, answered)
        finally:
            let_go()


def bound_of(scope: Scope, max_bytes: int) -> Bound:
    """Of this request's body where others may have `max_bytes`: a stranger's login needs few."""
    if scope["path"] in OPEN and max_bytes > MAX_OPEN_BYTES:
        return Bound(MAX_OPEN_BYTES, settable=False)
    return Bound(max_bytes)


def too_large(bound: Bound) -> TooLarge:
    return TooLarge(
        f"the body is larger than the {bound.num_bytes:,} bytes that this server takes there"
        + (": send smaller or fewer pictures, or raise limits.max_body_bytes" if bound.settable else ""),
        code="request_too_large",
    )


def _too_many() -> TooMany:
    told = "too many bytes are being received just now: send fewer requests at once, or try again later"
    return TooMany(told, code="busy", retry_after_s=5)
