"""The askcam program as a user runs it: each command in a process of its own."""

import os
import subprocess
import sys

TIMEOUT_S = 180


def askcam(*args: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "askcam.server.cli", *args],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={**os.environ, **(env or {})},
    )


def refused(*args: str) -> str:
    """The one line that a command says before it leaves with 2."""
    done = askcam(*args)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip()
