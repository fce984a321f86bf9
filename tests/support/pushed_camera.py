"""A pushed camera whose pictures a test chooses, and waiting on the event loop."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import numpy as np
from support.asking_way import Way, jpeg

from askcam.stream.camera import CameraConfig
from askcam.stream.frame import AgeBasis, Pixels

WAIT_S = 60.0


@contextlib.asynccontextmanager
async def pushed(way: Way, pixels: Pixels, fps: float = 10.0) -> AsyncIterator[tuple[str, Callable[[Pixels], None]]]:
    """A camera that is shown `pixels`, with a grain that no two frames share, and what has it shown others."""
    name, source = way.cameras.add_pushed(CameraConfig(fps=fps))
    shown = [pixels]

    async def show() -> None:
        random = np.random.default_rng(0)
        while True:
            grain = random.integers(-2, 3, shown[0].shape)
            picture = jpeg((shown[0] + grain).clip(0, 255).astype(np.uint8))
            source.push(picture, time.time(), AgeBasis.ARRIVAL)
            await asyncio.sleep(0.05)

    task = asyncio.ensure_future(show())
    try:
        yield name, lambda other: shown.__setitem__(0, other)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.02)
