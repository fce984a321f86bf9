"""The pages and their modules, shipped with the client package. Nothing is loaded from elsewhere, and CSP says so."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from askcam.server.house import House

CSP = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws: wss:; "
    "worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGES = {"/": "index.html", "/desk": "desk.html", "/wall": "wall.html"}
HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(self), microphone=()",
    "Cache-Control": "no-cache",  # an upgrade must not meet yesterday's modules
}


def web_folder() -> Path:
    """Where the pages' files are."""
    return Path(str(files("askcam.client").joinpath("web")))


class _Files(StaticFiles):
    """Static files with the pages' headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await super().__call__(scope, receive, with_headers)


def _page(file: Path) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return FileResponse(file, headers=HEADERS)

    return page


def routes(house: House) -> list[BaseRoute]:
    folder = web_folder()
    pages = [Route(path, _page(folder / name)) for path, name in PAGES.items()]
    return [*pages, Mount("/web", _Files(directory=folder))]
