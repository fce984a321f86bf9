"""Tools about standing questions: how they stand, a new one proposed, and carried out once an admin has said yes."""

from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from askcam.features.mcp_server.told import CHANGES, LOOKS, MAX_NAME, Asking, one_line, result

Cameras = Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_NAME)]], Field(min_length=1, max_length=64)]
Question = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        description="One that yes answers while it is true: Is there a parcel at the door?",
    ),
]
Seconds = Annotated[float | None, Field(ge=0.2, le=3600, description="Between two looks")]
Holds = Annotated[float | None, Field(ge=0, le=86_400, description="Seconds it must hold to count")]
REMOVES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)


def offer(server: MCPServer, asking: Asking) -> None:
    @server.tool(title="Watches", annotations=LOOKS)
    async def list_watches(context: Context) -> CallToolResult:
        """The standing questions, and how each stands on each of its cameras."""
        async with asking(context) as api:
            watches = (await api.get("/v1/watches"))["data"]
        lines = [_watch(each) for each in watches]
        return result("\n".join(lines) or "nothing is watched for", {"watches": watches})

    @server.tool(title="Propose a watch", annotations=CHANGES)
    async def propose_watch(
        question: Question,
        cameras: Cameras,
        context: Context,
        every_s: Seconds = None,
        for_s: Holds = None,
        severity: Literal["info", "warning", "critical"] | None = None,
    ) -> CallToolResult:
        """Propose to ask a question all the time, and to tell when it comes true. Nothing is done until an admin
        confirms it."""
        body = {"question": question, "cameras": cameras, "every_s": every_s, "for_s": for_s, "severity": severity}
        async with asking(context) as api:
            made = await api.post(
                "/v1/watches/proposals", {name: value for name, value in body.items() if value is not None}
            )
        text = (
            f"Proposed as {made['id']}, and not watched yet: {made['name']}, {one_line(made['question'])} on "
            f"{', '.join(made['cameras'])}. An admin confirms it within 10 minutes (confirm_watch, or `askcam watch "
            f"confirm {made['id']}`)."
        )
        return result(text, made)

    @server.tool(title="Confirm a proposed watch", annotations=REMOVES)
    async def confirm_watch(
        proposal: Annotated[str, Field(pattern="^[0-9A-Za-z]{1,64}$", description="Its id, as propose_watch told it")],
        context: Context,
    ) -> CallToolResult:
        """Carry out what was proposed, after a person has said yes to it. For an admin's token only."""
        async with asking(context) as api:
            made = await api.post(f"/v1/watches/proposals/{proposal}/confirm", {})
        return result("the watch is removed" if made is None else f"watching now: {_watch(made)}", made or {})


def _watch(watch: dict[str, Any]) -> str:
    now = "; ".join(_stands(each) for each in watch["now"]) or "on no camera"
    return f"{watch['name']}: {one_line(watch['question'])} ({watch['severity']}): {now}"


def _stands(now: dict[str, Any]) -> str:
    read = f", read at {now['read_at']}" if now.get("read_at") else ", not read yet"
    trouble = f", {now['trouble']}" if now.get("trouble") else ""
    return f"{now['camera']} {now['state']}{read}{trouble}"
