"""askcam's commands in processes of their own, forked off one that has read torch, transformers and our own modules
already: reading those takes six seconds of a core, each time.

All else is as `python -m askcam.app.cli` has it; the command line's module, which looks at argv and the environment
while it is read, is read anew. Where the environment differs in what libraries look at while they are read, a plain
process is started.
"""

import atexit
import gc
import multiprocessing
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from multiprocessing.forkserver import ensure_running
from multiprocessing.reduction import DupFd
from typing import IO, Any

MODULE = "askcam.app.cli"
LIBRARIES = [
    "av",
    "cv2",
    "httpx",
    "jsonschema",
    "llguidance.hf",
    "mcp.server.lowlevel",
    "msgspec",
    "numpy",
    "PIL.Image",
    "prometheus_client",
    "qwen_vl_utils",
    "starlette.applications",
    "torch",
    "transformers.models.auto.processing_auto",
    "transformers.models.qwen2.tokenization_qwen2",
    "transformers.models.qwen2_vl.image_processing_qwen2_vl",
    "transformers.models.qwen2_vl.modeling_qwen2_vl",
    "transformers.models.qwen2_vl.processing_qwen2_vl",
    "transformers.models.qwen2_vl.video_processing_qwen2_vl",
    "typer",
    "uvicorn",
    "websockets",
    "zxingcpp",
    # Our own: what a server reads when it is told to serve, and what its features read when they are built.
    "askcam.engine.opening",
    "askcam.engine.live.build",
    "askcam.app.serving",
    "askcam.app.asgi",
    "askcam.app.build",
    "askcam.app.commands.serve",
    "askcam.features.ask_all.running",
    "askcam.features.calibration.running",
    "askcam.features.desk.running",
    "askcam.features.events.running",
    "askcam.features.evidence.running",
    "askcam.features.notify.running",
    "askcam.features.timeline.running",
    "askcam.features.watches.running",
]
# What tests change; libraries set others themselves while they are read.
READ_EARLY = re.compile("CUDA_VISIBLE_DEVICES|HF_|HUGGINGFACE|LANG|LC_|OMP_NUM|PYTHONPATH|TRANSFORMERS|TRITON")

wanted = False  # by the tests; benchmarks measure plain processes

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(LIBRARIES)


class Forked:
    """A running command, with as much of subprocess.Popen as tests use."""

    def __init__(self, args: Sequence[str], env: Mapping[str, str]) -> None:
        self._pipes = [os.pipe(), os.pipe()]
        ends = [DupFd(write) for _, write in self._pipes]
        self._process = _context.Process(target=_run, args=(list(args), dict(env), os.getcwd(), *ends), daemon=False)
        self._process.start()
        for _, write in self._pipes:
            os.close(write)
        self.args = [sys.executable, "-m", MODULE, *args]
        self.stdin = None
        self.stdout: IO[str] = open(self._pipes[0][0])  # noqa: SIM115
        self.stderr: IO[str] = open(self._pipes[1][0])  # noqa: SIM115
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it writes, to its end. Raises subprocess.TimeoutExpired, and then it is killed."""
        with ThreadPoolExecutor(2) as pool:
            written = [pool.submit(pipe.read) for pipe in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        for pipe in (self.stdout, self.stderr):
            pipe.close()
        out, err = (text.result() for text in written)
        return out, err

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(args: Sequence[str], env: Mapping[str, str]) -> "Forked | subprocess.Popen[str]":
    """`askcam ARGS...` in the environment `env`, with pipes for stdout and stderr."""
    if wanted and _early(env) == _early(_waiting()):
        return Forked(args, env)
    command = [sys.executable, "-m", MODULE, *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


@cache
def _waiting() -> dict[str, str]:
    """The environment of the process that waits, which is started now."""
    environment = dict(os.environ)
    ensure_running()
    return environment


def _early(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if READ_EARLY.match(name)}


def _run(args: list[str], env: dict[str, str], folder: str, out: Any, err: Any) -> None:
    """In the new process."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where the tests run under nohup
    gc.freeze()  # a collection would look at, and so copy, all that was read before: half a second
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out.detach(), 1)
    os.dup2(err.detach(), 2)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(folder)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = [MODULE, *args]
    try:
        runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
