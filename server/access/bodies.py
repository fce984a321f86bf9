"""How much a request may bring: of one body, and of all that are being received, per client and in all."""

from collections import Counter

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcam.server.access.guard import OPEN, refuse
from askcam.server.access.shares import Client, client_of
from askcam.server.errors import ApiError

MAX_OPEN_BYTES = 4096  # of a body that comes before anybody has shown a token: a login
STARTED = ("http.response.start",)


class Receiving:
    """Bytes of bodies that are held until their requests begin to be answered. Owned by the event loop."""

    def __init__(self, most: int, share: float = 0.5) -> None:
        self.most, self.per_client = most, max(1, int(most * share))
        self._held: Counter[str] = Counter()

    @property
    def num_bytes(self) -> int:
        return self._held.total()

    def take(self, client: Client, num_bytes: int) -> bool:
        """Count some more; False, and nothing is counted, when that is too much."""
        mine = self._held[client.key] + num_bytes
        if self.num_bytes + num_bytes > self.most or (mine > self.per_client and not client.admin):
            return False
        self._held[client.key] = mine
        return True

    def leave(self, client: Client, num_bytes: int) -> None:
        self._held[client.key] -= num_bytes
        if self._held[client.key] <= 0:
            del self._held[client.key]


class BodyLimit:
    """ASGI: refuses HTTP bodies of more than `max_bytes` with 413, by their stated length or as they come, and with 429
    what comes while too much is being received. Stands behind Guard: nothing is read of whom that refuses."""

    def __init__(self, app: ASGIApp, max_bytes: int, receiving: Receiving) -> None:
        self.app, self.max_bytes, self.receiving = app, max_bytes, receiving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = most_of(scope, self.max_bytes)
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and (len(length) > 18 or int(length) > most):
            await refuse(too_large(most), scope, receive, send)
            return
        client, num_bytes, held = client_of(HTTPConnection(scope)), 0, 0

        def let_go() -> None:
            nonlocal held
            self.receiving.leave(client, held)
            held = 0

        async def counted() -> Message:
            nonlocal num_bytes, held
            message = await receive()
            came = len(message.get("body", b""))
            num_bytes += came
            if num_bytes > most:
                raise too_large(most)  # in the route, which is answered by the app's handler of ApiError
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


def most_of(scope: Scope, max_bytes: int) -> int:
    """How many bytes a request's body may have where others have `max_bytes`: a stranger's login needs few."""
    return min(MAX_OPEN_BYTES, max_bytes) if scope["path"] in OPEN else max_bytes


def too_large(most: int) -> ApiError:
    """413."""
    return ApiError(
        413,
        "invalid_request_error",
        f"the body is larger than the {most:,} bytes that this server takes there"
        + ("" if most <= MAX_OPEN_BYTES else ": send smaller or fewer pictures, or raise limits.max_body_bytes"),
        code="request_too_large",
    )


def _too_many() -> ApiError:
    return ApiError(
        429,
        "rate_limit_error",
        "too many bytes are being received just now: send fewer requests at once, or try again later",
        code="busy",
        headers={"Retry-After": "5"},
    )
