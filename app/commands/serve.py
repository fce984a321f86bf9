"""askcam serve: open cameras, load a model, answer until Ctrl-C."""

import contextlib
from pathlib import Path

from askcam.app.commands import camera_lines
from askcam.app.commands.ending import stop_on_signals
from askcam.app.commands.running import announce, run, until_ready
from askcam.app.commands.slow import telling_slow
from askcam.app.config import Config
from askcam.app.serving import serving


def serve(config: Config, built_in: Path, *, json: bool = False) -> None:
    """Blocks until Ctrl-C or SIGTERM. Leaves with 2 for what the user can mend, 0 after a clean end."""
    run(_serve(config, built_in, json))


async def _serve(config: Config, built_in: Path, json: bool) -> None:
    async with serving(config, built_in) as running:
        stop_on_signals(running.stop)
        announce(running, config, json)
        if await until_ready(running, json):
            async with contextlib.AsyncExitStack() as telling:
                await telling.enter_async_context(camera_lines.telling(running.core.cameras, json))
                for model in filter(lambda each: each.loaded, running.core.models):
                    await telling.enter_async_context(telling_slow(model.engine, model.name, json))
                await running.ended()
