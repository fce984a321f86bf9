"""askcam ask: one question to a running server, the answer as it comes."""

import asyncio
from pathlib import Path

import msgspec

from askcam.client.client import Client, connect
from askcam.server.answering.asked import says
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.reach import trust
from askcam.server.terminal.words import Words

told = Words(__name__)


def ask(
    question: str,
    camera: str | None,
    url: str,
    token: str | None,
    ca: Path | None,
    max_age_ms: float | None,
    json: bool,
) -> None:
    """Prints tokens as they come, then what was seen. `camera`: None where the server has one. `ca`: a certificate to
    trust. Leaves with 2 when refused."""
    if not says(question):
        say.fail(told("ask.no_question"))
    with leaving():
        asyncio.run(_ask(question, camera, connect(url, token=token, ssl=trust(ca)), max_age_ms, json))


async def _ask(question: str, camera: str | None, connecting: Client, max_age_ms: float | None, json: bool) -> None:
    async with connecting as client:
        camera = camera or await _only(client)
        reply = client.ask(question, camera=camera, max_age_ms=max_age_ms)
        async for piece in reply:
            if not json:
                say.console.out(piece, end="", highlight=False)
        answer = reply.answer
    if json:
        say.line({"question": question, "answer": answer.text, "askcam": msgspec.to_builtins(answer.saw)})
        return
    say.console.print()
    say.console.print(f"[dim]{say.escape(say.seen(answer.saw))}[/]")


async def _only(client: Client) -> str:
    """The server's camera, where it has one. Leaves with 2 where it has none, or several."""
    names = [camera.name for camera in await client.cameras()]
    if len(names) != 1:
        say.fail(told("ask.which", names=", ".join(names)) if names else told("ask.none", url=client.url))
    return names[0]
