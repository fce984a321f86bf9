"""GET /v1/models: every camera is a model, beside the model itself."""

import time
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from askcam.server.access.shares import viewer_of
from askcam.server.access.viewer import Viewer
from askcam.server.core import Core
from askcam.server.errors import unknown_camera
from askcam.server.model import USUAL, Model
from askcam.server.wire.about import BY_HANDLER
from askcam.server.wire.endpoint import JSON, Endpoint, Reply, Takes
from askcam.stream.states import State

MODEL = USUAL  # asks about the pictures in the message, no camera


class AboutModel(msgspec.Struct, tag_field="kind", tag="model"):
    """A model itself. `backend` and what follows are there once it is loaded."""

    model: str
    ready: bool
    trouble: str | msgspec.UnsetType = msgspec.UNSET  # why it can answer nothing now, while that is so
    backend: str | msgspec.UnsetType = msgspec.UNSET
    family: str | msgspec.UnsetType = msgspec.UNSET
    device: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET


class AboutCamera(msgspec.Struct, tag_field="kind", tag="camera"):
    state: Literal["connecting", "live", "stalled", "lost", "ended"]
    model: str | msgspec.UnsetType = msgspec.UNSET  # which of the models here answers about it; there once it is opened


class AboutOther(msgspec.Struct, tag_field="kind", tag="other"):
    """A name that is answered under, and is no camera's. `what` it is, for people."""

    what: str


class ModelEntry(msgspec.Struct):
    """A model in OpenAI's shape. `askcam` says what stands behind the name."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    max_model_len: int | None  # tokens of a prompt and its answer; null until the model is loaded
    askcam: AboutModel | AboutCamera | AboutOther


class ModelList(msgspec.Struct):
    object: Literal["list"]
    data: list[ModelEntry]


def endpoints(core: Core) -> list[Endpoint]:
    """List and retrieve, as OpenAI's SDKs call them. `askcam` says what stands behind a name."""
    created = int(time.time())

    def entries(viewer: Viewer) -> dict[str, dict[str, object]]:
        known: dict[str, dict[str, object]] = {model.called: _about(model) for model in core.models}
        for name in viewer.among(core.cameras.announced):
            known[name] = {"kind": "camera", "state": State.CONNECTING.value}
        for name in core.cameras.names(viewer):
            state, model = core.cameras.get(name).status().state.value, core.cameras.model(name).called
            known[name] = {"kind": "camera", "state": state, "model": model}
        for name, answerer in core.asking.answerers.items():
            known.setdefault(name, {"kind": "other", "what": answerer.what})
        return known

    def entry(name: str, about: dict[str, object], viewer: Viewer) -> dict[str, object]:
        model = core.model_of(name, viewer)
        length = model.engine.info.context_tokens if model.loaded else None
        about_all = {"object": "model", "created": created, "owned_by": "askcam", "max_model_len": length}
        return {"id": name, **about_all, "askcam": about}

    async def listed(request: Request) -> Response:
        viewer = viewer_of(request)
        data = [entry(*item, viewer) for item in entries(viewer).items()]
        return JSONResponse({"object": "list", "data": data})

    async def retrieved(request: Request) -> Response:
        viewer = viewer_of(request)
        name, known = request.path_params["name"], entries(viewer)
        if name not in known:
            raise unknown_camera(name, [camera for camera in known if camera not in core.models])
        return JSONResponse(entry(name, known[name], viewer))

    return [
        Endpoint(
            method="GET",
            path="/v1/models",
            handler=listed,
            name="listModels",
            what="The models themselves and the public cameras, as OpenAI lists models",
            replies={200: Reply("", {JSON: ModelList})},
            about=BY_HANDLER,
            tag="asking",
        ),
        Endpoint(
            method="GET",
            path="/v1/models/{name:path}",
            handler=retrieved,
            name="getModel",
            what="One of them",
            replies={200: Reply("", {JSON: ModelEntry})},
            about=BY_HANDLER,
            takes=(Takes("name", "path", "`askcam`, another model or a camera"),),
            errors=(404,),
            tag="asking",
        ),
    ]


def _about(model: Model) -> dict[str, object]:
    """A model itself."""
    about: dict[str, object] = {"kind": "model", "model": model.name, "ready": model.loaded}
    if model.loaded:
        info = model.engine.info
        about |= {"backend": info.backend, "family": info.family, "device": info.device, "note": info.note or None}
    if (trouble := model.trouble) is not None:
        about["trouble"] = trouble
    return about
