"""askcam ask: one question to a running server, the answer as it comes."""

import asyncio

import msgspec

from askcam.client.client import connect
from askcam.client.errors import AskcamError
from askcam.server.commands import say


def ask(question: str, camera: str, url: str, token: str | None, max_age_ms: float | None, json: bool) -> None:
    """Prints tokens as they come, then what was seen. Leaves with 2 when refused."""
    try:
        asyncio.run(_ask(question, camera, url, token, max_age_ms, json))
    except AskcamError as exc:
        say.fail(str(exc))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


async def _ask(question: str, camera: str, url: str, token: str | None, max_age_ms: float | None, json: bool) -> None:
    async with connect(url, token=token) as client:
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
