"""Waiting for a camera that a command has opened to show its first picture, and saying what it waits for."""

import time

from askcam.server.terminal import say
from askcam.stream.camera import Camera, CameraStatus, State

QUIET_S = 3.0  # what takes longer is told
LOOK_EVERY_S = 0.05


def await_picture(camera: Camera, wait_s: float, *, tell: bool) -> CameraStatus:
    """Wait until it is live or has failed, at most `wait_s`; how it is then. `tell`: say on stderr why it waits."""
    start, told = time.monotonic(), ""
    while (status := camera.status()).state is State.CONNECTING:
        passed = time.monotonic() - start
        if passed > wait_s:
            break
        kind = (status.reason or "").partition(": ")[2].partition(":")[0]  # without the count, which changes
        if tell and passed > QUIET_S and kind and kind != told:
            say.errors.print(f"[dim]{say.escape(status.reason or '')}[/]")
            told = kind
        time.sleep(LOOK_EVERY_S)
    return status
