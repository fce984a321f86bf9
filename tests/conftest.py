"""Parts that several rooms' tests share."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from support.exactness import WITHIN
from support.servers import warm
from support.servers.askcam_server import LiveServer, wait_for_pairs
from support.servers.askcam_server import live_server as start_server

from askcam.engine.open import wait_calmly

settings.register_profile("askcam", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("askcam")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # there is a process of tests per core, and more
wait_calmly()  # before any test imports torch: tests share their cores with the servers that they start

warm.wanted = True
gc.disable()  # until all are collected: to look through what was read, again and again, took a quarter of that
SEED = 7
# Those that take longest begin first, or the last of them would keep one core busy and leave the others idle.
LONGEST = (
    "engine/live/test_passes_on_kernels.py",
    "features/calibration/test_calibrate.py",
    "app/test_cli.py",
    "client/web/test_desk.py",
    "engine/live/test_aot.py",
    "engine/live/test_kernels.py",
    "features/evidence/test_served.py",
    "features/watches/test_kinds.py",
    "hazards/test_fuzz.py",
)
# Where other processes' clocks count: a browser, a server of cameras. When the whole machine stood still such a test is
# tried once more, and pytest's last line says that it was.
REAL_TIME = ("client/web", "stream/test_rtsp", "stream/test_odd_cameras", "stream/test_http", "stream/test_mjpeg")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mix the folders' files: those that wait for cameras run beside those that compute."""
    folders: dict[Path, list[Path]] = {}
    for path in dict.fromkeys(item.path for item in items):
        folders.setdefault(path.parent, []).append(path)
    place = {path: (number + 0.5) / len(files) for files in folders.values() for number, path in enumerate(files)}
    here = Path(__file__).parent
    place |= {here / name: number - len(LONGEST) for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place[item.path])  # within a file they stay as they are
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(REAL_TIME):
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=5))


def pytest_collection_finish() -> None:
    """What was read stays; no later look for garbage goes through it."""
    gc.enable()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how exact the live engine was."""
    reports = [each for group in terminalreporter.stats.values() for each in group if hasattr(each, "user_properties")]
    found = [value for report in reports for name, value in report.user_properties if name == WITHIN]
    for kind in sorted({kind for kind, _ in found}):
        worst = max(worst for each, worst in found if each == kind)
        terminalreporter.write_line(f"live engine, {kind}: log probabilities within {worst:.1e} of stock generate's")


@pytest.fixture(scope="module")  # a server that nobody asks still looks through its cameras: a third of a core
def live_server() -> Iterator[LiveServer]:
    """The real server with the built-in model and one synthetic camera, "lobby"; no token. Its window is full."""
    with start_server(cameras=[f"lobby=synthetic:{SEED}"]) as server:
        wait_for_pairs(server, "lobby", 4)
        yield server
