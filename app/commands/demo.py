"""askcam demo: the synthetic camera, the built-in model and the page; three questions, and whether they were right."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from askcam.app.commands.ending import stop_on_signals
from askcam.app.commands.running import announce, run, until_ready
from askcam.app.config import CameraEntry, Config
from askcam.app.loading import RunningServer
from askcam.app.serving import serving
from askcam.client.client import Answer, connect
from askcam.client.errors import AskcamError
from askcam.demo.questions import DemoQuestion, questions
from askcam.server.terminal import say
from askcam.server.terminal.leaving import amiss
from askcam.server.terminal.words import Words
from askcam.stream.camera import Camera
from askcam.stream.errors import CameraUnavailable
from askcam.stream.window import View

told = Words(__name__)

CAMERA = "demo"
FILL_PAIRS = 4  # questions wait until the window has seen some motion
WAIT_S = 30.0
PATIENCE_S = 60.0  # for an answer from a window that shows what was asked about


def demo(config: Config, built_in: Path, seed: int, once: bool, json: bool) -> None:
    """Ask, say, and go on serving until Ctrl-C; with `once` leave instead, with 0 only if all answers were right."""
    config = replace(config, cameras={CAMERA: CameraEntry(f"synthetic:{seed}")} | dict(config.cameras))
    right: list[bool] = []
    run(_demo(config, built_in, seed, once, json, right.append))
    if once and not (right and all(right)):
        amiss()


async def _demo(
    config: Config, built_in: Path, seed: int, once: bool, json: bool, judge: Callable[[bool], None]
) -> None:
    async with serving(config, built_in) as running:
        stop_on_signals(running.stop)
        announce(running, config, json)
        if not await until_ready(running, json):
            return
        try:
            await _ask(running, config, seed, json, judge)
        except AskcamError as exc:
            say.errors.print(f"[red]{say.escape(str(exc))}[/]")
            return
        if once:
            return
        if not json:
            say.console.print("\n" + told("demo.open", url=f"[bold]{running.url}[/]"))
        await running.ended()


async def _ask(running: RunningServer, config: Config, seed: int, json: bool, judge: Callable[[bool], None]) -> None:
    camera = running.core.cameras.get(CAMERA)
    await asyncio.to_thread(_filled, camera)
    token = config.server.admin_token or config.server.token
    async with connect(running.url, token=token) as client:
        for question in questions(seed):
            if not json:
                say.console.print(f"\n[bold]{say.escape(question.text)}[/]")
            deadline = time.monotonic() + PATIENCE_S
            while True:
                await asyncio.to_thread(_ready, camera, question)
                reply = client.ask(question.text, camera=CAMERA)
                async for piece in reply:
                    if not json:
                        say.console.out(piece, end="", highlight=False)
                # A busy machine looks later than we did, and may have seen the traveller turn.
                if question.ready(*_span(reply.answer)) or time.monotonic() >= deadline:
                    break
                if not json:
                    say.console.print(f"  [dim]{told('demo.turned')}[/]")
            judge(_told(question, reply.answer, json))


def _span(answer: Answer) -> tuple[float, float]:
    """Capture times of the first and last frame that the answer saw, seconds since the epoch."""
    assert answer.saw.window is not None, "an answer about a camera has a window"
    return _wall(answer.saw.window.start), _wall(answer.saw.window.end)


def _told(question: DemoQuestion, answer: Answer, json: bool) -> bool:
    saw, span = answer.saw, _span(answer)
    truth, correct = question.truth(*span), question.correct(answer.text, *span)
    if json:
        say.line(
            {
                "question": question.text,
                "answer": answer.text,
                "truth": truth,
                "correct": correct,
                "ttft_ms": saw.ttft_ms,
                "frame_age_ms": saw.frame_age_ms,
            }
        )
    else:
        wrong = f"[red]{told('demo.wrong')}[/]{say.escape(told('demo.truth', truth=truth))}"
        verdict = f"[green]{told('demo.right')}[/]" if correct else wrong
        about = told("demo.about", ttft=say.age(saw.ttft_ms), age=say.age(saw.frame_age_ms))
        say.console.print(f"  {verdict} [dim]· {about}[/]")
    return correct


def _filled(camera: Camera) -> None:
    """Wait until the window has seen FILL_PAIRS pairs, WAIT_S at most. Raises CameraUnavailable if the camera does not
    come up."""
    deadline = time.monotonic() + WAIT_S
    while camera.status().sampled < 2 * FILL_PAIRS and time.monotonic() < deadline:
        time.sleep(0.05)
    _look(camera, deadline)


def _ready(camera: Camera, question: DemoQuestion) -> None:
    """Wait until the window shows what is asked about (a plain motion, no turn), WAIT_S at most."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        view = _look(camera, deadline)
        if question.ready(view.start_wall, view.end_wall):
            return
        time.sleep(0.1)


def _look(camera: Camera, deadline: float) -> View:
    """What its window shows; a camera that a busy machine has starved for a moment is waited for."""
    while True:
        try:
            return camera.look()
        except CameraUnavailable:
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.1)


def _wall(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
