"""askcam ask --camera all: one question to every camera of a server, each answer as it comes, then one of all."""

import msgspec

from askcam.client.http import Http
from askcam.client.protocol import CameraAnswer
from askcam.client.several import AskCameraAnswered, AskDone, AskTextDelta, ask_cameras
from askcam.server.terminal import say
from askcam.server.terminal.reasons import reason_in
from askcam.server.terminal.words import Words

told = Words(__name__)

ALL = "all"  # in place of a camera's name


def ask_all(question: str, http: Http, max_age_ms: float | None, json: bool) -> None:
    """Prints a line for each camera, then the answer that is made of theirs. Raises AskcamError."""
    for event in ask_cameras(http, question, max_age_ms=max_age_ms):
        match event:
            case AskCameraAnswered(answer):
                _tell(answer, json)
            case AskTextDelta(text):
                if not json:
                    say.console.out(text, end="", highlight=False)
            case AskDone(reply) if json:
                answered = {"question": question, "answer": reply.text, "made_by": reply.made_by}
                say.line({**answered, "askcam": msgspec.to_builtins(reply.askcam)})
            case AskDone(reply):
                say.console.print()
                say.console.print(f"[dim]{say.escape(say.seen(reply.askcam))}[/]")


def _tell(answer: CameraAnswer, json: bool) -> None:
    if json:
        say.line({"event": "camera.answered", **msgspec.to_builtins(answer)})
        return
    text = answer.text or ""
    if answer.problem is not None:
        text = told("ask.no_answer", why=reason_in(answer.problem.message))
    sure = "" if answer.probability is None else f" ({answer.probability:.0%})"
    say.console.print(f"[dim]{say.escape(f'{answer.camera}: {text}{sure}')}[/]")
