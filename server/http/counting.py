"""How often each route was asked for, and what came of it."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CountRequests:
    """ASGI: counts every HTTP request by route and status. Goes outside the doors, so that their refusals count."""

    def __init__(self, app: ASGIApp, count: Callable[[str, str, int], None]) -> None:
        """`count`: is told the method, the route's pattern, the status."""
        self.app, self.count = app, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # what a client sees when the app ends without an answer

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, heard)
        finally:
            # No route: refused at the door, or nothing is there.
            self.count(scope["method"], getattr(scope.get("route"), "path", "none"), status)
