"""Tools about now: which cameras there are, what they show."""

from typing import Annotated, Any
from urllib.parse import quote

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import Field

from askcam.features.mcp_server.asked_server import Api, TakenPicture
from askcam.features.mcp_server.told import (
    LOOKS,
    MAX_NAME,
    OLD_MS,
    AskedFor,
    Asking,
    CameraName,
    MaxAge,
    age,
    one_line,
    result,
)

MAX_TOKENS = 4_096
MAX_BYTES = 600_000  # of a picture: a client reads messages of a megabyte, and base64 is a third longer
LEAST_WIDTH = 320
Tokens = Annotated[
    int | None, Field(ge=1, le=MAX_TOKENS, description="Of the answer, at most; as the server has it, if left out")
]
Wait = Annotated[
    float, Field(ge=0, le=60_000, description="Milliseconds to wait for a camera or a picture that is not there yet")
]
Width = Annotated[int, Field(ge=16, le=3840, description="Pixels, at most")]
ZoneName = Annotated[
    str | None,
    Field(min_length=1, max_length=MAX_NAME, description="Look at that zone of it alone: list_cameras names them"),
]
Names = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=MAX_NAME)]] | None,
    Field(min_length=1, max_length=64, description="Which; all that are public, if left out"),
]


def offer(server: MCPServer, asking: Asking) -> None:
    @server.tool(title="Cameras", annotations=LOOKS)
    async def list_cameras(context: Context) -> CallToolResult:
        """Which cameras there are, whether each is live, how old its newest picture is, and what is wrong with it."""
        async with asking(context) as api:
            cameras = (await api.get("/v1/cameras"))["data"]
        lines = [_camera(each) for each in cameras]
        return result("\n".join(lines) or "there are no cameras here", {"cameras": cameras})

    @server.tool(title="Ask a camera", annotations=LOOKS)
    async def ask_camera(
        question: AskedFor,
        camera: CameraName,
        context: Context,
        max_age_ms: MaxAge = None,
        max_wait_ms: Wait = 5_000,
        max_tokens: Tokens = None,
        zone: ZoneName = None,
    ) -> CallToolResult:
        """Ask about what a camera shows now, and has shown in the last seconds. Says how old the newest picture was."""
        wishes = {"max_age_ms": max_age_ms, "max_wait_ms": max_wait_ms, "zone": zone}
        body: dict[str, Any] = {
            "model": camera,
            "messages": [{"role": "user", "content": question}],
            "askcam": {name: value for name, value in wishes.items() if value is not None},
        }
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        async with asking(context) as api:
            reply = await api.post("/v1/chat/completions", body)
        answer, saw = reply["choices"][0]["message"]["content"] or "", reply["askcam"]
        if saw.get("camera") is None and saw.get("answers") is None:
            raise ToolError(f"{one_line(camera)} is no camera: list_cameras says which there are")
        return result(f"{answer}\n({_seen(saw)})", {"answer": answer, "askcam": saw})

    @server.tool(title="Ask several cameras", annotations=LOOKS)
    async def ask_cameras(
        question: AskedFor, context: Context, cameras: Names = None, max_age_ms: MaxAge = None, zone: ZoneName = None
    ) -> CallToolResult:
        """Ask several cameras the same: "which camera shows a dog?". Each answers, and one answer is made of theirs."""
        body = {"question": question, "cameras": cameras, "max_age_ms": max_age_ms, "zone": zone}
        async with asking(context) as api:
            reply = await api.post("/v1/ask", {name: value for name, value in body.items() if value is not None})
        saw = reply["askcam"]
        lines = [reply["text"], *(_answer(each) for each in saw["answers"] or ())]
        return result("\n".join(lines), {"answer": reply["text"], "askcam": saw})

    @server.tool(title="Snapshot", annotations=LOOKS)
    async def snapshot(
        camera: CameraName, context: Context, max_age_ms: MaxAge = None, width: Width = 1280
    ) -> CallToolResult:
        """The newest picture of a camera, and when it was taken."""
        async with asking(context) as api:
            taken = await _taken(api, camera, width)
        if max_age_ms is not None and (taken.age_ms is None or taken.age_ms > max_age_ms):
            raise ToolError(
                f"the newest picture of {one_line(camera)} is {age(taken.age_ms)}, and at most {max_age_ms:g} ms was "
                "asked for: see list_cameras for what is with the camera, or ask for a larger max_age_ms"
            )
        old = "" if taken.age_ms is not None and taken.age_ms < OLD_MS else "this is not what is there now: "
        about = {"camera": camera, "captured_at": taken.captured_at, "age_ms": taken.age_ms}
        return result(f"{old}{camera}, {age(taken.age_ms)}, taken at {taken.captured_at}", about, taken)


async def _taken(api: Api, camera: str, width: int) -> TakenPicture:
    """At most so many pixels wide, and so small that clients take it."""
    path = f"/v1/cameras/{quote(camera, safe='')}/snapshot.jpg"
    taken = await api.picture(path, width=width)
    while len(taken.data) > MAX_BYTES and width > LEAST_WIDTH:
        width = max(LEAST_WIDTH, width // 2)
        taken = await api.picture(path, width=width)
    return taken


def _camera(camera: dict[str, Any]) -> str:
    wrong = [word for word in (camera["reason"], *camera["health"]) if word]
    if zones := camera.get("zones"):
        wrong.append(f"zones: {', '.join(zones)}")
    return f"{camera['name']}: {camera['state']}, {age(camera['frame_age_ms'])}" + "".join(
        f"; {word}" for word in wrong
    )


def _seen(saw: dict[str, Any]) -> str:
    """What an answer was given from."""
    window = saw["window"]
    frames = f"{window['frames']} frames until {window['end']}" if window else "no pictures"
    wrong = f"; the picture is {', '.join(saw['health'])}" if saw["health"] else ""
    note = f"; {saw['note']}" if saw.get("note") else ""
    return f"{saw['camera']}: {frames}, {age(saw['frame_age_ms'])}; answer {saw['answer_id']}{wrong}{note}"


def _answer(each: dict[str, Any]) -> str:
    """One camera's, of several."""
    if each["problem"] is not None:
        return f"({each['camera']}: no answer: {each['problem']['message']})"
    return f"({_seen(each['askcam'])}: {one_line(each['text'])})"
