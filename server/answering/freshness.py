"""Is what a camera shows now worth an answer? Too old: wait a stated time for better. Dark or frozen: refuse."""

import asyncio
import time

from askcam.engine.errors import Stale
from askcam.server.errors import Unavailable
from askcam.stream.camera import Camera, CameraStatus, State
from askcam.stream.errors import CameraUnavailable
from askcam.stream.health import Health

LOOK_EVERY_S = 0.02
SLOW_FPS = 1.5  # of a slower camera that is said when a frame is refused for its age
BLIND = {
    Health.DARK.value: "dark: next to nothing can be seen; give it light, or uncover the lens",
    Health.FROZEN.value: "frozen: not one grey value has changed for seconds; restart the camera",
}
WORTH_WAITING = (Stale, CameraUnavailable)  # what may be better in a moment


async def young_enough(camera: Camera, max_age_s: float | None, deadline: float) -> bool:
    """Wait until the camera can be asked and its newest frame is no older than `max_age_s`; False at the deadline.

    `deadline` on time.monotonic(). The engine looks again when it starts on the question.
    """
    while True:
        status = camera.status()
        age_s = status.frame_age_s
        if camera.askable and age_s is not None and (max_age_s is None or age_s <= max_age_s):
            return True
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(LOOK_EVERY_S)


def live_at(status: CameraStatus) -> str:
    """That a camera has no part in it; "" where it may have."""
    if status.state is not State.LIVE or status.fps is None or status.reason is not None:
        return ""
    return f"; the camera itself is live at {status.fps:.0f} fps"


def why_old(status: CameraStatus) -> str:
    """What makes the newest frame of a live camera old, and what to do; "" where nothing is known of it."""
    if status.state is not State.LIVE:
        return ""
    if status.reason is not None:  # decoding falls behind
        return f"; {status.reason}"
    if status.fps is not None and status.fps < SLOW_FPS:
        every_s = 1 / status.fps
        return (
            f"; this camera brings a picture every {every_s:.1f} s, which is up to {2 * every_s:.1f} s old before the "
            f"next one is decoded: allow max_age_ms {2 * every_s * 1000 + 500:.0f}, or let it send more pictures"
        )
    return ""


def refuse_blind(camera: str, health: tuple[str, ...]) -> None:
    """Raise Unavailable `picture_unusable` for a picture about which any description would be made up."""
    for flag in health:
        if flag in BLIND:
            raise Unavailable(
                f"the picture of {camera} is {BLIND[flag]}. To be answered anyway, send askcam.unwell: 'answer'",
                code="picture_unusable",
                try_again=False,
            )
