"""What each HTTP route takes and gives: the table that the OpenAPI description is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from askcam.client.protocol import CameraInfo, CameraList, DeskInfo, Problem, StoredAnswer, ToolList
from askcam.server.api.cameras import BOUNDARY, NewCamera
from askcam.server.api.chat.request import ChatRequest
from askcam.server.api.login import LogIn
from askcam.server.api.openapi.shapes import (
    Alive,
    ChatChunk,
    ChatCompletion,
    ModelEntry,
    ModelList,
    NotReady,
    Ready,
    WhoAmI,
)
from askcam.server.api.responses.request import ResponseRequest
from askcam.server.api.responses.shapes import DeletedResponse, Response, ResponseEvent

Schema = Mapping[str, Any]

JSON, SSE = "application/json", "text/event-stream"
TEXT: Schema = {"type": "string"}
BINARY: Schema = {}  # OpenAPI 3.1: bytes of a media type have no schema


@dataclass(frozen=True, slots=True)
class Events:
    """Server-sent events, each with JSON of one of `shapes` in its `data`, and at last `end`."""

    shapes: tuple[type, ...]
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that is no error. `media`: a struct is JSON of it, a schema is as it says; none: no body."""

    what: str
    media: Mapping[str, type | Schema | Events] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # name -> what it says
    links: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Takes:
    """One parameter."""

    name: str
    place: str  # "path", "query"
    what: str
    schema: Schema = field(default_factory=lambda: TEXT)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `errors` are those beside the doors' own, which every operation has."""

    name: str
    what: str
    replies: Mapping[int, Reply]
    body: type | None = None
    body_required: bool = True
    takes: tuple[Takes, ...] = ()
    errors: tuple[int, ...] = ()
    tag: str = "server"


NAME = Takes("name", "path", "a camera, as GET /v1/cameras lists it")
ANSWER = Takes("id", "path", "the answer's id: `askcam.answer_id` of what was answered")
RESPONSE = Takes("id", "path", "the response's own id")
WIDTH = Takes("width", "query", "at most so many pixels wide", {"type": "number", "minimum": 16, "maximum": 3840})
RATE = Takes("fps", "query", "pictures per second", {"type": "number", "minimum": 0.1, "maximum": 25, "default": 10})
CAPTURED = {"X-Askcam-Captured-At": "RFC 3339, UTC: when it was taken", "X-Askcam-Age-Ms": "how old it is"}
JPEG = {"image/jpeg": BINARY}

ANSWER_LINKS = {
    name: {"operationId": name, "parameters": {"id": "$response.body#/askcam/answer_id"}}
    for name in ("getAnswer", "getAnswerKeyPicture")
} | {
    "getAnswerFrame": {
        "operationId": "getAnswerFrame",
        "parameters": {"id": "$response.body#/askcam/answer_id", "index": 0},
    }
}
RESPONSE_LINKS = ANSWER_LINKS | {
    name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
    for name in ("getResponse", "deleteResponse")
}
CAMERA_LINKS = {
    name: {"operationId": name, "parameters": {"name": "$response.body#/name"}}
    for name in ("getCamera", "getSnapshot", "removeCamera")
}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/"): Operation("getPage", "The page Ask", {200: Reply("HTML", {"text/html": TEXT})}, tag="page"),
    ("GET", "/desk"): Operation("getDeskPage", "The page Desk", {200: Reply("HTML", {"text/html": TEXT})}, tag="page"),
    ("GET", "/wall"): Operation("getWallPage", "The page Wall", {200: Reply("HTML", {"text/html": TEXT})}, tag="page"),
    ("GET", "/web/{path}"): Operation(
        "getPageFile",
        "A file of the page",
        {200: Reply("the file", {"*/*": BINARY}), 304: Reply("it has not changed")},
        takes=(Takes("path", "path", "where it is, slashes included"),),
        errors=(404,),
        tag="page",
    ),
    ("GET", "/openapi.json"): Operation("getDescription", "This description", {200: Reply("OpenAPI", {JSON: {}})}),
    ("GET", "/healthz"): Operation("getHealth", "Does the process live?", {200: Reply("yes", {JSON: Alive})}),
    ("GET", "/readyz"): Operation(
        "getReadiness",
        "Is the model warm, whatever the cameras do?",
        {200: Reply("yes", {JSON: Ready}), 503: Reply("not yet", {JSON: NotReady})},
    ),
    ("GET", "/metrics"): Operation(
        "getMetrics", "For Prometheus", {200: Reply("its text format", {"text/plain": TEXT})}
    ),
    ("GET", "/v1/session"): Operation("getSession", "Who am I?", {200: Reply("you are", {JSON: WhoAmI})}, tag="page"),
    ("POST", "/v1/session"): Operation(
        "logIn",
        "Exchange the token for the page's cookie",
        {204: Reply("the cookie is set", headers={"X-Askcam-Role": "viewer or admin"})},
        body=LogIn,
        body_required=False,
        errors=(400, 401),
        tag="page",
    ),
    ("DELETE", "/v1/session"): Operation("logOut", "Log out", {204: Reply("the cookie is gone")}, tag="page"),
    ("GET", "/v1/models"): Operation(
        "listModels",
        "The model itself and the public cameras, as OpenAI lists models",
        {200: Reply("", {JSON: ModelList})},
        tag="asking",
    ),
    ("GET", "/v1/models/{name}"): Operation(
        "getModel",
        "One of them",
        {200: Reply("", {JSON: ModelEntry})},
        takes=(Takes("name", "path", "`askcam` or a camera"),),
        errors=(404,),
        tag="asking",
    ),
    ("POST", "/v1/chat/completions"): Operation(
        "createChatCompletion",
        "Ask. With `stream`, chunks come as server-sent events; refusals before the first word have their own status",
        {
            200: Reply(
                "the answer", {JSON: ChatCompletion, SSE: Events((ChatChunk, Problem), "[DONE]")}, links=ANSWER_LINKS
            )
        },
        body=ChatRequest,
        errors=(400, 404, 503),
        tag="asking",
    ),
    ("POST", "/v1/responses"): Operation(
        "createResponse",
        "Ask, in the Responses API's words. With `stream`, typed events come as server-sent events",
        {200: Reply("the answer", {JSON: Response, SSE: Events((ResponseEvent,))}, links=RESPONSE_LINKS)},
        body=ResponseRequest,
        errors=(400, 404, 503),
        tag="asking",
    ),
    ("GET", "/v1/responses/{id}"): Operation(
        "getResponse",
        "One of the last responses",
        {200: Reply("", {JSON: Response})},
        takes=(RESPONSE,),
        errors=(404,),
        tag="asking",
    ),
    ("DELETE", "/v1/responses/{id}"): Operation(
        "deleteResponse",
        "Forget it",
        {200: Reply("it is forgotten", {JSON: DeletedResponse})},
        takes=(RESPONSE,),
        errors=(404,),
        tag="asking",
    ),
    ("GET", "/v1/cameras"): Operation(
        "listCameras", "All public cameras", {200: Reply("", {JSON: CameraList})}, tag="cameras"
    ),
    ("POST", "/v1/cameras"): Operation(
        "addCamera",
        "Add a camera. Admins only",
        {201: Reply("it is being opened; its state says how that goes", {JSON: CameraInfo}, links=CAMERA_LINKS)},
        body=NewCamera,
        errors=(400, 409, 503, 507),
        tag="cameras",
    ),
    ("GET", "/v1/cameras/{name}"): Operation(
        "getCamera", "One camera", {200: Reply("", {JSON: CameraInfo})}, takes=(NAME,), errors=(404,), tag="cameras"
    ),
    ("DELETE", "/v1/cameras/{name}"): Operation(
        "removeCamera",
        "Remove it. Admins only",
        {204: Reply("it is gone")},
        takes=(NAME,),
        errors=(404,),
        tag="cameras",
    ),
    ("GET", "/v1/cameras/{name}/snapshot.jpg"): Operation(
        "getSnapshot",
        "The newest decoded picture",
        {200: Reply("JPEG", JPEG, CAPTURED)},
        takes=(NAME, WIDTH),
        errors=(400, 404, 503),
        tag="cameras",
    ),
    ("GET", "/v1/cameras/{name}/live.mjpeg"): Operation(
        "watch",
        "A live picture for `<img>`; it goes on until the viewer leaves",
        {200: Reply("JPEG after JPEG", {f"multipart/x-mixed-replace; boundary={BOUNDARY}": BINARY})},
        takes=(NAME, WIDTH, RATE),
        errors=(400, 404),
        tag="cameras",
    ),
    ("GET", "/v1/cameras/{name}/desk"): Operation(
        "getDesk",
        "What a product desk reads and knows, and what would help",
        {200: Reply("", {JSON: DeskInfo})},
        takes=(NAME,),
        errors=(404,),
        tag="cameras",
    ),
    ("GET", "/v1/tools"): Operation(
        "listTools", "Server-side tools, and the MCP servers that run some", {200: Reply("", {JSON: ToolList})}
    ),
    ("GET", "/v1/answers/{id}"): Operation(
        "getAnswer",
        "One of the last answers, or one whose evidence is kept",
        {200: Reply("", {JSON: StoredAnswer})},
        takes=(ANSWER,),
        errors=(404,),
        tag="answers",
    ),
    ("GET", "/v1/answers/{id}/frames/{index}.jpg"): Operation(
        "getAnswerFrame",
        "A frame that it was given from, as the model saw it",
        {200: Reply("JPEG", JPEG)},
        takes=(ANSWER, Takes("index", "path", "counted from 0", {"type": "integer", "minimum": 0})),
        errors=(404,),
        tag="answers",
    ),
    ("GET", "/v1/answers/{id}/key.jpg"): Operation(
        "getAnswerKeyPicture",
        "Of kept evidence: the camera's picture of that moment in full resolution",
        {200: Reply("JPEG", JPEG)},
        takes=(ANSWER,),
        errors=(404,),
        tag="answers",
    ),
}

# What the structs can't say: bounds that are checked by hand, each with a message of its own.
BOUNDS: Mapping[str, Mapping[str, Schema]] = {
    "ChatRequest": {
        "messages": {"minItems": 1},
        "max_tokens": {"minimum": 1},
        "max_completion_tokens": {"minimum": 1},
        "temperature": {"minimum": 0, "maximum": 2},
        "top_p": {"minimum": 0, "maximum": 1},
        "top_k": {"minimum": -1},
        "repetition_penalty": {"exclusiveMinimum": 0, "maximum": 10},
        "top_logprobs": {"minimum": 0, "maximum": 20},
    },
    "ResponseRequest": {
        "max_output_tokens": {"minimum": 1},
        "temperature": {"minimum": 0, "maximum": 2},
        "top_p": {"minimum": 0, "maximum": 1},
        "top_k": {"minimum": -1},
        "repetition_penalty": {"exclusiveMinimum": 0, "maximum": 10},
        "top_logprobs": {"minimum": 0, "maximum": 20},
        "metadata": {"maxProperties": 16},
    },
    "InputItem": {
        "type": {"enum": ["message", "function_call", "function_call_output", "item_reference", "reasoning", None]},
        "role": {"enum": ["system", "developer", "user", "assistant", None]},
    },
    "InputPart": {"type": {"enum": ["input_text", "input_image", "output_text", "refusal"]}},
    "ChatMessage": {"role": {"enum": ["system", "developer", "user", "assistant", "tool"]}},
    "AskcamRequest": {"max_age_ms": {"exclusiveMinimum": 0}},
    "NewCamera": {
        "name": {
            "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$",
            "not": {"anyOf": [{"const": "askcam"}, {"pattern": "^push"}]},
        },
        "fps": {"minimum": 0.05, "maximum": 60},
    },
}
