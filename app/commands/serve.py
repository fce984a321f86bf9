"""askcam serve: open cameras, load a model, answer until Ctrl-C."""

import contextlib
import functools
from pathlib import Path

from askcam.app.commands import camera_lines
from askcam.app.commands.ending import stop_on_signals
from askcam.app.commands.running import announce, run, until_ready
from askcam.app.commands.slow import telling_slow
from askcam.app.config import Config
from askcam.app.serving import serving
from askcam.server.cameras import Cameras


def serve(config: Config, built_in: Path, *, json: bool = False) -> None:
    """Blocks until Ctrl-C or SIGTERM. Leaves with 2 for what the user can mend, 0 after a clean end."""
    run(_serve(config, built_in, json))


async def _serve(config: Config, built_in: Path, json: bool) -> None:
    async with serving(config, built_in) as running:
        stop_on_signals(running.stop)
        announce(running, config, json)
        if await until_ready(running, json):
            cameras = running.core.cameras
            async with contextlib.AsyncExitStack() as telling:
                await telling.enter_async_context(camera_lines.telling(cameras, json))
                for model in filter(lambda each: each.loaded, running.core.models):
                    rates = functools.partial(rates_of, cameras, model.called)
                    await telling.enter_async_context(telling_slow(model.engine, model.name, json, rates))
                await running.ended()


def rates_of(cameras: Cameras, called: str) -> list[float]:
    """Frames a second of each camera that a model sees."""
    return [camera.config.fps for camera in cameras.all() if called in cameras.seen_by(camera.name)]
