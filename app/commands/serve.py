"""askcam serve: open cameras, load a model, answer until Ctrl-C."""

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
            model = running.core.model
            cameras = running.core.cameras
            slow = telling_slow(model.engine, model.name, json, lambda: [camera.config.fps for camera in cameras.all()])
            async with camera_lines.telling(cameras, json), slow:
                await running.ended()
