"""What browsers need of a server that their page did not come from: CORS for allowed_origins, and tokens in websockets.

A page cannot set headers of a websocket, so OpenAI's clients put the key among the subprotocols that they offer:
`realtime`, `openai-insecure-api-key.KEY`. The key becomes an Authorization header here, before anybody asks for one,
and goes no further: it is never selected, told back or logged.
"""

from collections.abc import Iterable

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

KEY = "openai-insecure-api-key."
SPOKEN = ("realtime", "openai-beta.realtime-v1")  # what may be selected, first come first
PROTOCOLS = b"sec-websocket-protocol"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
TOLD = ("X-Request-Id", "Retry-After", "X-Should-Retry", "X-Askcam-Captured-At", "X-Askcam-Age-Ms", "Allow")
MAX_AGE_S = 600  # a browser need not ask again before


def cors(origins: Iterable[str]) -> list[Middleware]:
    """What answers preflights of pages of these origins, and lets them read. Nothing where there are none.

    Any header may be sent: SDKs add their own. Cookies are of no use to other origins (SameSite=Strict), so a page's
    requests carry the token.
    """
    allowed = sorted(origins)
    if not allowed:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=allowed,
            allow_methods=METHODS,
            allow_headers=["*"],
            expose_headers=TOLD,
            allow_private_network=True,
            max_age=MAX_AGE_S,
        )
    ]


class KeysInProtocols:
    """Outside of whoever checks tokens. An Authorization header that is there counts before a key in a subprotocol."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            offered = scope.get("subprotocols") or []
            key = next((one.removeprefix(KEY) for one in offered if one.startswith(KEY)), None)
            if key is not None:
                headers = [(name, value) for name, value in scope["headers"] if name != PROTOCOLS]
                if not any(name == b"authorization" for name, _ in headers):
                    headers.append((b"authorization", b"Bearer " + key.encode("latin-1", "replace")))
                kept = [one for one in offered if not one.startswith(KEY)]
                scope = {**scope, "headers": headers, "subprotocols": kept}
        await self.app(scope, receive, send)


def selected(offered: Iterable[str]) -> str | None:
    """Which of the subprotocols that a client offers is spoken here. A browser that offers any wants one."""
    known = set(offered)
    return next((one for one in SPOKEN if one in known), None)
