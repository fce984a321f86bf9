"""askcam demo: the synthetic camera, the built-in model and the page; three questions, and whether they were right."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from askcam.client.client import Answer, connect
from askcam.client.errors import AskcamError
from askcam.demo.questions import DemoQuestion, questions
from askcam.server.commands import say
from askcam.server.commands.serve import announce, run, stop_on_signals, until_ready
from askcam.server.commands.words.catalogue import told
from askcam.server.config import CameraEntry, Config
from askcam.server.serving import Running, serving
from askcam.stream.camera import Camera

CAMERA = "demo"
FILL_PAIRS = 4  # questions wait until the window has seen some motion
WAIT_S = 30.0


def demo(config: Config, built_in: Path, seed: int, once: bool, json: bool) -> None:
    """Ask, say, and go on serving until Ctrl-C; with `once` leave instead, with 0 only if all answers were right."""
    config = replace(config, cameras={CAMERA: CameraEntry(f"synthetic:{seed}")} | dict(config.cameras))
    right: list[bool] = []
    run(_demo(config, built_in, seed, once, json, right.append))
    if once and not (right and all(right)):
        raise SystemExit(1)


async def _demo(
    config: Config, built_in: Path, seed: int, once: bool, json: bool, judge: Callable[[bool], None]
) -> None:
    async with serving(config, built_in) as running:
        stop_on_signals(running)
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


async def _ask(running: Running, config: Config, seed: int, json: bool, judge: Callable[[bool], None]) -> None:
    camera = running.house.cameras.get(CAMERA)
    await asyncio.to_thread(_filled, camera)
    token = config.server.admin_token or config.server.token
    async with connect(running.url, token=token) as client:
        for question in questions(seed):
            await asyncio.to_thread(_ready, camera, question)
            reply = client.ask(question.text, camera=CAMERA)
            if not json:
                say.console.print(f"\n[bold]{say.escape(question.text)}[/]")
            async for piece in reply:
                if not json:
                    say.console.out(piece, end="", highlight=False)
            judge(_told(question, reply.answer, json))


def _told(question: DemoQuestion, answer: Answer, json: bool) -> bool:
    saw = answer.saw
    assert saw.window is not None, "an answer about a camera has a window"
    span = (_wall(saw.window.start), _wall(saw.window.end))
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
    """Wait until the window has seen FILL_PAIRS pairs. Raises CameraUnavailable if the camera does not come up."""
    deadline = time.monotonic() + WAIT_S
    while camera.status().sampled < 2 * FILL_PAIRS and time.monotonic() < deadline:
        time.sleep(0.05)
    camera.look()


def _ready(camera: Camera, question: DemoQuestion) -> None:
    """Wait until the window shows what is asked about (a plain motion, no turn), WAIT_S at most."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        view = camera.look()
        if question.ready(view.start_wall, view.end_wall):
            return
        time.sleep(0.1)


def _wall(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
