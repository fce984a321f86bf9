"""The wire's types, owned here so that clients stay light. docs/protocol.md says what they mean.

Only what is askcam's own is typed in full: the bodies around it are OpenAI's, and their SDKs type them.
"""

from typing import Annotated, Any, Literal

import msgspec


class SeenWindow(msgspec.Struct, frozen=True, omit_defaults=False):
    """The span of frames an answer was given from."""

    version: int
    start: str  # RFC 3339, UTC
    end: str
    frames: int
    pairs: int


class Fact(msgspec.Struct, frozen=True, omit_defaults=False):
    """What is known about a scene because it was read or looked up, not because it looks so."""

    source: Literal["read", "looked_up"]
    text: str  # one line for people, and for the model
    values: dict[str, Any] = {}  # {"format": "EAN-13", "code": "4006381333931"}; {"name": ..., "price": ...}
    seen_at: str | None = None  # RFC 3339: capture time of the newest frame it was read from


class Mark(msgspec.Struct, frozen=True, omit_defaults=False):
    """Characters `start` to `end` of the answer repeat what fact number `fact` says; all other words are seen only."""

    start: int
    end: int
    fact: int


class CalledTool(msgspec.Struct, frozen=True, omit_defaults=False):
    """One call of a tool that runs in the server."""

    id: str
    name: str
    server: str  # "built-in", or an MCP server's name
    arguments: str  # JSON
    output: str | None  # what the model was told; None when it failed
    error: "ErrorBody | None"
    ms: float


class Saw(msgspec.Struct, frozen=True, omit_defaults=False):
    """The `askcam` object of every answer: what it saw, and how old that was. `camera` is None for attached ones."""

    camera: str | None
    window: SeenWindow | None
    frame_age_ms: float | None  # newest frame used, at the first token
    ttft_ms: float | None  # from the server's receipt of the question to the first token
    answer_id: str
    health: list[str]  # "frozen", "dark", "overexposed", "blurred"; empty when the picture is sound
    backend: str
    age_basis: Literal["capture", "arrival"] | None = None
    note: str | None = None  # a line to show with the answer: what this model does not know
    facts: list[Fact] = []  # what was read or looked up, and stood in the prompt or came from a tool
    marks: list[Mark] = []  # where the answer repeats them
    tools: list[CalledTool] = []  # server-side ones, in order
    scene_changed: bool | None = None  # while it was being given; None: nobody looked
    engine_ms: float | None = None  # of frame_age_ms, what this machine took; the rest is the camera's own age
    sees_every_ms: float | None = None  # between frames that the model takes in, where the machine can't keep up
    power: Literal["full", "low"] = "full"  # low: one window, pairs only where something moves, perhaps fewer pixels
    fewer_pixels: bool = False  # of a frame than in full power: some models' are the same in both
    answers: "list[CameraAnswer] | None" = None  # of a question to several cameras: theirs, which this one is made of
    model: str = "askcam"  # which of the server's models gave it
    zone: "SeenZone | None" = None  # it saw that part of the camera's picture alone


class CameraProblem(msgspec.Struct, frozen=True):
    """Why one of several cameras gave no answer. `code` as in errors."""

    code: str | None
    message: str


class CameraAnswer(msgspec.Struct, frozen=True, omit_defaults=False):
    """What one of several cameras answered: `text` and `askcam`, or `problem`."""

    camera: str
    text: str | None
    problem: CameraProblem | None
    askcam: Saw | None
    probability: float | None = None  # of yes, where it was asked which cameras show something


class AskcamRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request may add, as `askcam` in its body (chat), session or response (realtime)."""

    max_age_ms: Annotated[float | None, msgspec.Meta(extra_json_schema={"exclusiveMinimum": 0})] = None
    events: list[str] | None = None  # realtime sessions: which of askcam's own events to send
    events_after: int | None = None  # ... of watches: those after this id first, as far as they are kept
    evidence: bool | None = None  # false: no evidence of this answer is kept on the server's disk
    model: str | None = None  # which of the models that see the camera answers; None: the camera's own
    max_wait_ms: float | None = None  # wait so long for a frame within max_age_ms, or for the camera, then refuse
    unwell: Literal["refuse", "answer"] | None = None  # a dark or frozen picture: refuse (the default), or answer
    on_scene_change: Literal["tell", "answer_again"] | None = None  # watch the scene while the answer is given
    zone: str | None = None  # look at that zone of the camera alone
    tools: list[str] | None = None  # only these of the server-side tools that the camera may use; []: none
    turn_times: bool | None = None  # realtime: earlier answers in the prompt say when they were seen


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=False):
    """OpenAI's error shape. In a realtime `error` event the client's `event_id` stands beside it.

    `type` is "invalid_request_error", "not_found_error", "authentication_error", "permission_error",
    "rate_limit_error", or "server_error".
    """

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class CameraZone(msgspec.Struct, frozen=True):
    """A part of a camera's picture that can be looked at alone."""

    polygon: list[tuple[float, float]]  # x, y in shares of the picture


class SeenZone(msgspec.Struct, frozen=True):
    """The zone that an answer saw alone."""

    name: str
    rectangle: tuple[float, float, float, float]  # left, top, right, bottom of what was seen, in shares of the picture


class CameraInfo(msgspec.Struct, frozen=True, omit_defaults=False):
    """One camera of GET /v1/cameras."""

    name: str
    uri: str  # redacted
    state: Literal["connecting", "live", "stalled", "lost", "ended"]
    reason: str | None  # why it is not live, and what to do
    width: int | None  # of the newest decoded frame
    height: int | None
    fps: float | None  # decoded frames per second, lately
    sample_fps: float
    frame_age_ms: float | None
    health: list[str]
    private: bool = False
    desk: bool = False  # a product desk: GET /v1/cameras/{name}/desk says what it reads
    retry_in_ms: float | None = None  # until a camera that is lost is tried again
    sees_every_ms: float | None = None  # between frames that the model takes in, where the machine can't keep up
    slow: str | None = None  # the same in a line for people
    power: Literal["full", "low"] = "full"  # how much of the machine the model's cameras take
    fewer_pixels: bool = False  # of a frame than in full power
    held_fps: float | None = None  # of sample_fps, how many the machine holds; None: it isn't known yet
    model: str = "askcam"  # which of the server's models answers about it
    seen_by: list[str] = []  # all models that see it: that one, and those of its watches
    masked: bool = False  # whether parts of its picture are hidden
    masks: list[list[tuple[float, float]]] = []  # which: polygons, x, y in shares of the picture
    zones: dict[str, CameraZone] = {}  # parts of it that can be asked about alone, by name


class CameraList(msgspec.Struct, frozen=True):
    data: list[CameraInfo]
    object: str = "list"


class ToolInfo(msgspec.Struct, frozen=True, omit_defaults=False):
    """One server-side tool of GET /v1/tools."""

    name: str
    server: str  # "built-in", or an MCP server's name
    available: bool  # false while its server is gone
    description: str
    parameters: dict[str, Any]  # JSON Schema of an object
    cameras: list[str]  # whose questions may call it


class ToolServerInfo(msgspec.Struct, frozen=True, omit_defaults=False):
    """One MCP server of askcam.toml."""

    name: str
    state: Literal["connecting", "connected", "unavailable"]
    reason: str | None  # why it is unavailable


class ToolList(msgspec.Struct, frozen=True, omit_defaults=False):
    """GET /v1/tools."""

    data: list[ToolInfo]
    servers: list[ToolServerInfo]
    object: str = "list"


class DeskCode(msgspec.Struct, frozen=True, omit_defaults=False):
    """One code that a product desk has read in the last seconds."""

    code: str
    format: str  # "EAN-13", "QR Code", ...
    verified: bool  # good enough to be told as a fact
    reads: int  # pictures it was read from
    first_seen: str  # RFC 3339, UTC
    last_seen: str
    age_ms: float  # since it was last seen
    corners: list[list[float]]  # x, y in pixels of the newest picture it was read from, clockwise from its top left


class Advice(msgspec.Struct, frozen=True, omit_defaults=False):
    """What would help a code that is in sight to be read."""

    hint: str  # "closer", "glare", "turn it", "hold still", "focus", "more light"
    text: str


class DeskInfo(msgspec.Struct, frozen=True, omit_defaults=False):
    """GET /v1/cameras/{name}/desk."""

    camera: str
    width: int | None  # of the newest picture
    height: int | None
    codes: list[DeskCode]
    facts: list[Fact]
    guidance: list[Advice]
    catalogue: bool = False  # whether codes are looked up at all
    object: str = "askcam.desk"


class SeenFrame(msgspec.Struct, frozen=True, omit_defaults=False):
    """One picture that an answer saw, as the model got it; `url` is relative to the server."""

    index: int
    captured_at: str  # RFC 3339, UTC
    age_ms: float | None  # at the answer's first token; None when there was none
    age_basis: Literal["capture", "arrival"]
    width: int
    height: int
    url: str


class StoredAnswer(msgspec.Struct, frozen=True, omit_defaults=False):
    """GET /v1/answers/{id}: one of the last answers, with what it saw."""

    id: str
    created: str  # RFC 3339, UTC: when it was complete
    camera: str | None
    question: str
    answer: str
    reason: Literal["stop", "length", "cancelled"]
    askcam: Saw
    usage: dict[str, int]  # tokens: prompt, vision (of the prompt), cached (of the prompt), completion
    timings_ms: dict[str, float]  # wait, preprocess, vision, prefill, first_token, decode, total
    frames: list[SeenFrame]  # empty for an answer without a camera, and when they were too large to keep
    object: str = "askcam.answer"


class Problem(msgspec.Struct, frozen=True):
    """The body of every HTTP error."""

    error: ErrorBody


def encode(value: Any) -> bytes:
    """JSON bytes of any of these types or of plain containers."""
    return msgspec.json.encode(value)


class PageLanguage(msgspec.Struct, frozen=True, omit_defaults=False):
    """A language of the pages, in its own words."""

    language: str  # "zh"
    name: str  # "中文"
    short: str  # on the button that switches to it
    switch: str  # what that button does


class PageWords(msgspec.Struct, frozen=True, omit_defaults=False):
    """What the pages say in one language."""

    language: str
    tag: str  # BCP 47, for browsers: "zh-CN"
    dates: str  # the same, by which dates are written: "en-GB"
    languages: list[PageLanguage]  # all that there are, English first
    words: dict[str, str]  # by key, with {names} in them; plurals have a key per form: items_one, items_other
    sentences: list[tuple[str, str]]  # of the server's: a regular expression with named groups, and what stands for it
