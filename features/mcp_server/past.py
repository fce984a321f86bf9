"""Tools about what has been: events of watches, the timeline, what an answer saw."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from askcam.client.watches import MAX_NOTE
from askcam.features.mcp_server.told import LOOKS, Asking, MaybeCamera, Moment, one_line, result

MAX_ID = 2**63 - 1
JUDGES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
Limit = Annotated[int, Field(ge=1, le=50, description="At most so many, the newest")]
Id = Annotated[int, Field(ge=0, le=MAX_ID)]
Before = Annotated[int | None, Field(ge=0, le=MAX_ID, description="Only before this id: the next page")]
Severity = Literal["info", "warning", "critical"]


def offer(server: MCPServer, asking: Asking) -> None:
    @server.tool(title="Events", annotations=LOOKS)
    async def events(
        context: Context,
        camera: MaybeCamera = None,
        watch: Annotated[str | None, Field(max_length=200, description="Only of this watch")] = None,
        severity: Severity | None = None,
        since: Moment = None,
        before: Before = None,
        limit: Limit = 10,
    ) -> CallToolResult:
        """What watches have told: something came true or ended, a camera was lost or came back. Newest first."""
        async with asking(context) as api:
            found = await api.get(
                "/v1/events", camera=camera, watch=watch, severity=severity, since=since, before=before, limit=limit
            )
        events = [_unsigned(each) for each in found["data"]]
        lines = [_event(each) for each in events]
        return result("\n".join(lines) or "there are no such events", {"events": events, "more": found["has_more"]})

    @server.tool(title="An event's picture", annotations=LOOKS)
    async def event_picture(event: Id, context: Context) -> CallToolResult:
        """The picture from which an event was decided."""
        async with asking(context) as api:
            about = _unsigned(await api.get(f"/v1/events/{event}"))
            taken = await api.picture(f"/v1/events/{event}/frame.jpg")
        return result(_event(about), about, taken)

    @server.tool(title="Judge an event", annotations=JUDGES)
    async def judge_event(
        event: Id,
        verdict: Annotated[
            Literal["right", "wrong"] | None, Field(description="Was it so? null takes back what was said before")
        ],
        context: Context,
        note: Annotated[str | None, Field(max_length=MAX_NOTE, description="Why, in few words: it was a cat")] = None,
    ) -> CallToolResult:
        """Say of what a watch has told whether it was so, once a person has said it or has seen the picture. It
        changes nothing that is watched; out of enough of that the server proposes a better threshold."""
        async with asking(context) as api:
            now = await api.post(f"/v1/events/{event}/judge", {"verdict": verdict, "note": note})
        return result(f"{_event(now)}: {now['verdict'] or 'not judged'}", now)

    @server.tool(title="Search the timeline", annotations=LOOKS)
    async def search_timeline(
        context: Context,
        query: Annotated[
            str | None, Field(max_length=300, description="Words, or a question: when did the van leave?")
        ] = None,
        camera: MaybeCamera = None,
        since: Moment = None,
        until: Moment = None,
        before: Before = None,
        limit: Limit = 20,
    ) -> CallToolResult:
        """What cameras have shown earlier: what came, went, and was there. Newest first; of words, the best first."""
        async with asking(context) as api:
            found = await api.get(
                "/v1/timeline", query=query, camera=camera, since=since, until=until, before=before, limit=limit
            )
        lines = [
            f"{each['start']} to {each['end']} {each['camera']}: {one_line(each['text'])} (entry {each['id']})"
            for each in found["data"]
        ]
        nothing = "nothing of that is in the timeline"
        return result("\n".join(lines) or nothing, {"entries": found["data"], "more": found["has_more"]})

    @server.tool(title="What an answer saw", annotations=LOOKS)
    async def answer_evidence(
        answer: Annotated[str, Field(min_length=1, max_length=100, description="ans_…, as an answer told it")],
        context: Context,
    ) -> CallToolResult:
        """A former answer: its question, its words, which frames it saw, and the newest of them."""
        path = f"/v1/answers/{quote(answer, safe='')}"
        async with asking(context) as api:
            about = await api.get(path)
            frames = about["frames"]
            shown = [await api.picture(f"{path}/frames/{len(frames) - 1}.jpg")] if frames else []
        seen = f"{len(frames)} frames" + (f", the newest of {frames[-1]['captured_at']}" if frames else "")
        return result(f"{one_line(about['answer'], 4000)}\n({seen})", about, *shown)


def _unsigned(event: dict[str, Any]) -> dict[str, Any]:
    """Without the link to its clip, which opens to whoever reads it: what agents read goes to their models, and is
    kept."""
    clip = event.get("clip")
    return {**event, "clip": {**clip, "link": None}} if clip else event


def _event(event: dict[str, Any]) -> str:
    of = f"{event['watch']} on {event['camera']}" if event["watch"] else event["camera"]
    why = event["answer"] or event["reason"]
    sure = "" if event["probability"] is None else f", probability {event['probability']:.2f}"
    said = f" ({one_line(event['question'])})" if event["question"] else ""
    told = f": {one_line(why)}" if why else ""
    return f"{event['at']} {of}: {event['kind']}{told}{sure}{said} (event {event['id']}, {event['severity']})"
