"""A refusal as an HTTP response, and the middleware that answers with what the doors refuse."""

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from askcam.client.protocol import Problem, encode
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import WireRefusal, on_wire


def response_of(told: WireRefusal) -> Response:
    return Response(encode(Problem(told.body())), told.status, told.headers, media_type="application/json")


async def refuse(error: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or a websocket that is not accepted yet, with `error`."""
    response = response_of(on_wire(error))
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
    websocket = WebSocket(scope, receive, send)
    if "websocket.http.response" in scope.get("extensions", {}):
        await websocket.send_denial_response(response)
    else:
        await websocket.close(1008, error.message[:100])


class Refusing:
    """ASGI: answers for the doors inside of it, which raise. What routes refuse is answered before it comes here."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Refusal as error:
            await refuse(error, scope, receive, send)
