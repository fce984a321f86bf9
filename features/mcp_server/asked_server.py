"""The server's HTTP API, as tools use it: an agent may do what its token may do there, within the same bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp.server.mcpserver.exceptions import ToolError

TIMEOUT_S = 300.0  # of silence: an answer waits in the server's queue, and that has bounds of its own


@dataclass(frozen=True, slots=True)
class TakenPicture:
    """A JPEG, when it was taken (RFC 3339) and how old it was when it left. None: the server did not say."""

    data: bytes
    captured_at: str | None
    age_ms: float | None


class Api:
    """Owned by the event loop. Whatever is refused there is a ToolError here, with the server's words."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        """`http` has the server's address and the credentials, and is closed by whoever made it."""
        self._http = http

    async def get(self, path: str, **query: Any) -> Any:
        """JSON. What is None in `query` is left out. Raises ToolError."""
        return (await self._sent("GET", path, query)).json()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """JSON, both ways; None where nothing comes back. Raises ToolError."""
        reply = await self._sent("POST", path, {}, body)
        return reply.json() if reply.content else None

    async def picture(self, path: str, **query: Any) -> TakenPicture:
        """Raises ToolError."""
        reply = await self._sent("GET", path, query)
        age = reply.headers.get("x-askcam-age-ms")
        return TakenPicture(
            reply.content, reply.headers.get("x-askcam-captured-at"), None if age is None else float(age)
        )

    async def _sent(
        self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        said = {name: value for name, value in query.items() if value is not None}
        try:
            reply = await self._http.request(method, path, params=said, json=body, timeout=TIMEOUT_S)
        except httpx2.TransportError as exc:
            why = str(exc) or type(exc).__name__
            raise ToolError(f"the server at {self._http.base_url} cannot be reached: {why}") from exc
        if reply.is_success:
            return reply
        raise ToolError(refusal(reply))


def refusal(reply: httpx2.Response) -> str:
    """Why, in the server's words, with its code and when to try again."""
    try:
        error = reply.json()["error"]
        message, code = str(error["message"]), error.get("code") or error["type"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the server answered with {reply.status_code}, and not as askcam does"
    later = reply.headers.get("retry-after")
    return f"{message} ({code})" + (f"; try again in {later} s" if later else "")
