"""What `askcam serve` and `askcam demo` do with a running server: say where it is, show how its model loads, leave."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from askcam.app.commands.ending import LAST, leave
from askcam.app.commands.power import low_power, power_values
from askcam.app.config import Config
from askcam.app.loading import LOADING, RunningServer
from askcam.server import logs
from askcam.server.access.auth import notices
from askcam.server.model import USUAL, Model
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.progress import progress
from askcam.server.terminal.reasons import reason_in
from askcam.server.terminal.words import Words
from askcam.server.terminal.words import told as general

told = Words(__name__)


def announce(running: RunningServer, config: Config, json: bool) -> None:
    """Say where the server listens and what must be known about that."""
    for text in notices(config.server.host, config.wants_token, config.server.tls):
        say.errors.print(f"[yellow]{general('note')}[/] {say.escape(reason_in(text))}")
    for feature in running.core.features.values():
        for text in feature.notices():
            say.errors.print(f"{general('note')} {say.escape(text)}")
    if json:
        say.line({"event": "listening", "url": running.url})
    else:
        say.console.print(told("listening", url=f"[bold]{running.url}[/]"))


async def until_ready(running: RunningServer, json: bool) -> bool:
    """Show how the model loads; False when the server was stopped meanwhile. Raises ModelError, StreamError."""
    ready, ended = asyncio.ensure_future(running.ready()), asyncio.ensure_future(running.ended())
    try:
        with progress(json) as bar:
            while not ready.done() and not ended.done():
                bar(*running.core.models.readiness.snapshot())
                await asyncio.wait([ready, ended], timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            return False
        _ = ready.result()
    finally:
        ready.cancel()
        ended.cancel()
    models = [model for model in running.core.models if model.loaded]
    if json:
        info, others = models[0].engine.info, {"models": {each.called: each.name for each in models}}
        line = {"event": "ready", "url": running.url, "model": models[0].name, "backend": info.backend}
        say.line(line | (others if len(models) > 1 else {}))
    for model in models:
        if not json:
            _tell_ready(model)
        elif model.engine.info.power.low:
            say.line({"event": "power"} | power_values(model.engine.info))
    return True


def _tell_ready(model: Model) -> None:
    """Which model there is, and what must be known about it."""
    info = model.engine.info
    called = "" if model.called == USUAL else f"{model.called}: "
    if info.backend == "remote":
        what = told("model.remote", name=info.id, where=info.device)
    else:
        millions = info.num_parameters / 1e6
        size = f"{millions / 1000:.1f}B" if millions >= 1000 else f"{millions:.1f}M"
        facts = {"size": size, "dtype": info.dtype, "device": info.device, "backend": info.backend}
        what = told("model", name=model.name, **facts)
    say.console.print(f"[green]{told('ready')}[/]: {say.escape(called + what)}")
    if info.note:
        say.console.print(f"[yellow]{say.escape(reason_in(info.note))}[/]")
    if info.power.low:
        say.console.print(f"[yellow]{say.escape(low_power(model.engine))}[/]")


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine; what the user can mend becomes one line and an exit code."""
    logs.begin()
    with leaving():
        asyncio.run(main)
    if any(thread.name in (LOADING, LAST) for thread in threading.enumerate()):
        # It was ended by a signal. All that is to be kept is kept by now; what threads still do (load a model in
        # PyTorch's C++, compile a form, wait for a driver) would abort the interpreter's own end, or hold it up.
        leave(0)
