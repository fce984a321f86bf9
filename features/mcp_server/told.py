"""What tools give back: words for the model with the age of what they tell of, and the same as JSON."""

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, ImageContent, TextContent, ToolAnnotations
from pydantic import Field

from askcam.features.mcp_server.asked_server import Api, TakenPicture

Asking = Callable[[Context], AbstractAsyncContextManager[Api]]

LOOKS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)

MAX_NAME, MAX_QUESTION, MAX_AGE_MS = 200, 4_000, 86_400_000.0
OLD_MS = 10_000.0  # of a picture that is shown as what is there now
CameraName = Annotated[str, Field(min_length=1, max_length=MAX_NAME, description="A camera, as list_cameras names it")]
MaybeCamera = Annotated[str | None, Field(max_length=MAX_NAME, description="Only of this camera; all, if left out")]
AskedFor = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION, description="What is asked, in any language")]
MaxAge = Annotated[
    float | None,
    Field(
        gt=0,
        le=MAX_AGE_MS,
        description="Milliseconds: refuse rather than tell of what is older. As the server has it, if left out",
    ),
]
Moment = Annotated[str | None, Field(max_length=64, description="RFC 3339 (2026-01-31T14:00:00Z), or 14:00")]


def result(text: str, data: Mapping[str, Any], *pictures: TakenPicture) -> CallToolResult:
    """`data` goes as JSON beside the words, for programs."""
    shown = [
        ImageContent(type="image", data=base64.b64encode(each.data).decode(), mime_type="image/jpeg")
        for each in pictures
    ]
    return CallToolResult(content=[*shown, TextContent(type="text", text=text)], structured_content=dict(data))


def age(ms: float | None) -> str:
    """In words; a part of a sentence."""
    if ms is None:
        return "of unknown age"
    if ms < OLD_MS:
        return f"{ms / 1000:.1f} s old"
    seconds = ms / 1000
    for length, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name} old"
    return f"{seconds:.0f} seconds old"


def one_line(text: str, most: int = 500) -> str:
    """What was seen or written somewhere, as a part of our own sentence: quoted, on one line, cut off."""
    return json.dumps(text if len(text) <= most else text[: most - 1] + "…", ensure_ascii=False)
