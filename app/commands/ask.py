"""askcam ask: one question to a running server, the answer as it comes."""

import asyncio
from pathlib import Path

import msgspec

from askcam.app.commands.ask_all import ALL, ask_all
from askcam.client.client import Client, connect
from askcam.server.answering.asked import says
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.options import called_as_options
from askcam.server.terminal.reach import reach, trust
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
    """Prints tokens as they come, then what was seen. `camera`: None where the server has one; "all": each of them,
    unless one is called so. `ca`: a certificate to trust. Leaves with 2 when refused."""
    if not says(question):
        say.fail(told("ask.no_question"))
    with leaving(), called_as_options("--max-age-ms"):
        every = asyncio.run(_ask(question, camera, connect(url, token=token, ssl=trust(ca)), max_age_ms, json))
        if every:
            ask_all(question, reach(url, token, ca), max_age_ms, json)


async def _ask(question: str, camera: str | None, connecting: Client, max_age_ms: float | None, json: bool) -> bool:
    """Whether it is a question to all cameras, and not asked yet."""
    async with connecting as client:
        if camera is None or camera == ALL:
            names = [each.name for each in await client.cameras()]
            if camera == ALL and ALL not in names:
                return True
            camera = camera or _only(names, client.url)
        reply = client.ask(question, camera=camera, max_age_ms=max_age_ms)
        async for piece in reply:
            if not json:
                say.console.out(piece, end="", highlight=False)
        answer = reply.answer
    if json:
        say.line({"question": question, "answer": answer.text, "askcam": msgspec.to_builtins(answer.saw)})
        return False
    say.console.print()
    say.console.print(f"[dim]{say.escape(say.seen(answer.saw))}[/]")
    return False


def _only(names: list[str], url: str) -> str:
    """The server's camera, where it has one. Leaves with 2 where it has none, or several."""
    if len(names) != 1:
        say.fail(told("ask.which", names=", ".join(names)) if names else told("ask.none", url=url))
    return names[0]
