"""The pages and their modules, shipped with the client package. Nothing is loaded from elsewhere, and CSP says so."""

from importlib.resources import files
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from askcam.server.wire.about import NO_CAMERA
from askcam.server.wire.endpoint import BINARY, TEXT, Endpoint, Reply, Takes

CSP = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws: wss:; "
    "worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
START = "index"  # the page at /, which is called Ask; each other one is at the name of its file
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


def endpoints() -> list[Endpoint]:
    """Open to all: what they show is asked for by whoever looks at them."""
    folder = web_folder()
    static = StaticFiles(directory=folder)

    async def file(request: Request) -> Response:
        path = PurePosixPath("/", *request.path_params["path"].split("/")).relative_to("/")
        response = await static.get_response(str(path), request.scope)
        response.headers.update(HEADERS)
        return response

    def page(html: Path) -> Endpoint:
        is_start, title = html.stem == START, html.stem.title()

        async def show(request: Request) -> Response:
            return FileResponse(html, headers=HEADERS)

        return Endpoint(
            method="GET",
            path="/" if is_start else f"/{html.stem}",
            handler=show,
            name="getPage" if is_start else f"get{title}Page",
            what=f"The page {'Ask' if is_start else title}",
            replies={200: Reply("HTML", {"text/html": TEXT})},
            about=NO_CAMERA,
            role=None,
            tag="page",
        )

    return [
        *(page(html) for html in sorted(folder.glob("*.html"), key=lambda html: (html.stem != START, html.stem))),
        Endpoint(
            method="GET",
            path="/web/{path:path}",
            handler=file,
            name="getPageFile",
            what="A file of the page",
            replies={200: Reply("the file", {"*/*": BINARY}), 304: Reply("it has not changed")},
            about=NO_CAMERA,
            role=None,
            takes=(Takes("path", "path", "where it is, slashes included"),),
            errors=(404,),
            tag="page",
        ),
    ]
