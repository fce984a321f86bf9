"""Parts of the machine that some tests need: absent ones skip a test on a laptop and fail it in CI."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SYSTEM_PYTHON = Path("/usr/bin/python3")


def need(found: bool, what: str) -> None:
    """Go on when `found`; else skip the running test naming `what` to install, or fail it where CI is set."""
    if found:
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must run this test, but {what}", pytrace=False)
    pytest.skip(what)


@cache
def has_gstreamer() -> bool:
    """Whether the system's own Python can run a GStreamer RTSP server."""
    if not SYSTEM_PYTHON.exists():
        return False
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return subprocess.run([str(SYSTEM_PYTHON), "-c", probe], capture_output=True, timeout=60).returncode == 0


def need_gstreamer() -> None:
    need(
        has_gstreamer(),
        "GStreamer's RTSP server is missing: apt install python3-gi gir1.2-gst-rtsp-server-1.0 "
        "gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly gstreamer1.0-x",
    )


@contextlib.contextmanager
def small_disk(folder: Path, num_bytes: int) -> Iterator[Path]:
    """A disk of its own of that size, mounted at `folder` while the block runs. Skips where mounting is not allowed."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={num_bytes}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(["mount", *options], capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no mount command: a full disk needs a small one")
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here ({done.stderr.strip()}): run as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=60)
