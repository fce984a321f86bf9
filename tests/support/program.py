"""The askcam program as a user runs it: each command in a process of its own."""

import os
import subprocess

from support.servers import warm

TIMEOUT_S = 180


def askcam(*args: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    process = warm.start(args, {**os.environ, **(env or {})})
    out, err = process.communicate(timeout=TIMEOUT_S)
    return subprocess.CompletedProcess(args, process.wait(), out, err)


def refused(*args: str) -> str:
    """The one line that a command says before it leaves with 2."""
    done = askcam(*args)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip()
