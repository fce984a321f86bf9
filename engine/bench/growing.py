"""Windows that grow while they are measured."""

import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from askcam.engine.bench.asking import ask, median, share
from askcam.engine.bench.camera import BenchCamera
from askcam.engine.errors import EngineFailure
from askcam.engine.interface import Engine
from askcam.engine.live.engine import LiveEngine

SETTLE_S = 30.0


def while_growing(
    engine: Engine, cameras: Sequence[BenchCamera], asked: str, tokens: int, seconds: float, fps: float
) -> dict[str, float]:
    """Questions about one camera, one after the other, while all cameras' windows grow at `fps` frames a second."""
    stop = threading.Event()
    shower = threading.Thread(target=_show, args=(cameras, seconds, fps, stop, lambda name: None), daemon=True)
    shower.start()
    firsts: list[float] = []
    gaps: list[float] = []
    try:
        while not firsts or shower.is_alive():
            answer = ask(engine, asked, tokens).wait()
            firsts.append(answer.first_token_ms)
            times = (answer.first, *answer.pieces)
            gaps += [1e3 * (b - a) for a, b in pairwise(times)]
    finally:
        stop.set()
        shower.join()
    found = {"cameras": len(cameras), "first_token_p50_ms": median(firsts), "first_token_p95_ms": share(firsts, 0.95)}
    gaps = gaps or [0.0]
    return {
        **found,
        "token_gap_p50_ms": median(gaps),
        "token_gap_p99_ms": share(gaps, 0.99),
        "token_gap_max_ms": round(max(gaps), 2),
    }


def taken_in(engine: LiveEngine, camera: BenchCamera, repeats: int) -> dict[str, float]:
    """How long one pair takes from its last frame to being in all of its camera's windows, nobody asking."""
    took = []
    for _ in range(repeats + 2):
        camera.show(2)
        took.append(settle(engine))
    return {"pairs": repeats, "p50_ms": median(took[2:]), "p95_ms": share(took[2:], 0.95)}


def sustained(engine: LiveEngine, cameras: Sequence[BenchCamera], seconds: float, fps: float) -> dict[str, float]:
    """Cameras whose windows grow for so long: how often was one not complete when that camera's next frame came?"""
    late: list[bool] = []
    _show(cameras, seconds, fps, threading.Event(), lambda name: late.append(name in engine.lagging()))
    drained_ms = settle(engine)
    return {
        "cameras": len(cameras),
        "seconds": seconds,
        "fps": fps,
        "checks": len(late),
        "times_late": sum(late),
        "last_pairs_done_after_ms": drained_ms,
    }


def settle(engine: LiveEngine) -> float:
    """Wait until all windows are complete; returns how long, in milliseconds. Raises EngineFailure when they don't."""
    began = time.monotonic()
    while lagging := len(engine.lagging()):
        if time.monotonic() - began > SETTLE_S:
            raise EngineFailure(f"the windows of {lagging} cameras are not complete after {SETTLE_S:g} s; see the log")
        time.sleep(0.001)
    return round(1e3 * (time.monotonic() - began), 1)


def _show(
    cameras: Sequence[BenchCamera], seconds: float, fps: float, stop: threading.Event, before: Callable[[str], Any]
) -> None:
    """Every camera a frame each 1/fps, the cameras spread over that time; `before`(name) each frame."""
    step = 1 / fps / len(cameras)
    began = time.monotonic()
    for i in range(round(seconds * fps * len(cameras))):
        if stop.wait(max(0.0, began + i * step - time.monotonic())):
            return
        camera = cameras[i % len(cameras)]
        before(camera.name)
        camera.show(1)
