"""Paths as clients write them: a slash too many, `/v1` twice or not at all, another server's. Pure, but for Slashes."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

FILES = "/web/"  # whose paths are those of files
ELSEWHERE = {
    "/v1/completions": "this server answers chats: use /v1/chat/completions",
    "/v1/embeddings": "there are no embeddings here",
    "/v1/messages": "Anthropic's API is not spoken here: use /v1/chat/completions",
    "/v1/conversations": "conversations are not kept here: use previous_response_id of /v1/responses",
    "/api/chat": "Ollama's API is not spoken here: use /v1/chat/completions",
    "/api/generate": "Ollama's API is not spoken here: use /v1/chat/completions",
    "/api/tags": "Ollama's API is not spoken here: GET /v1/models lists what can be asked",
    "/v1/audio": "there is no audio here",
    "/v1/images": "no pictures are made here",
    "/v1/files": "files are not kept here: send pictures as data URLs",
    "/v1/realtime/client_secrets": "there are no short-lived keys here: use the server's token",
    "/v1/realtime/sessions": "there are no short-lived keys here: use the server's token",
    "/v1/realtime/calls": "there is no WebRTC here: use the websocket /v1/realtime",
}


class Slashes:
    """Takes slashes off the end of a path, so that it means the same with them. Outside of whoever looks at paths.

    A redirect would name a scheme and a host that a proxy has changed, and clients do not send bodies again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            path = scope["path"]
            if path.endswith("/") and not path.startswith(FILES):
                scope = {**scope, "path": path.rstrip("/") or "/"}
        await self.app(scope, receive, send)


def hint(path: str, known: Callable[[str], bool]) -> str:
    """What somebody may have meant who asked for a `path` that is not there. `known`: whether another one is."""
    if path.startswith("/v1/v1"):
        return "/v1 stands in it twice: the client adds what comes behind its base URL, which ends in one /v1"
    for there, why in ELSEWHERE.items():
        if path == there or path.startswith(there + "/"):
            return why
    inner = path[path.rindex("/v1/") :] if "/v1/" in path else f"/v1{path}"
    if inner != path and known(inner):
        return f"{inner} is: the client's base URL must end in /v1, right behind the server's address"
    return "docs/protocol.md lists what is"
