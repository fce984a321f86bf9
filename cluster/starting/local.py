"""A Ray of this machine's own: on its loopback only, behind a token, and alive when the front has ended."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from askcam.cluster.starting.process import without_own

OBJECT_STORE = 80 << 20  # bytes: about the least that Ray takes; nothing is put there
START_S = 90.0  # Ray itself gives up after 30 s, of each of its parts
END_S = 40.0  # it takes up to 30 s itself
EVERY_S = 0.1
MAX_TOLD = 300  # characters of what it says when it does not start
TEMPORARY = "askcam-ray-"  # how the name of its own folder begins
RAYS_OWN = {*range(10002, 20000), 8265, 52365}  # ports that Ray gives to others of its parts
TOKEN, REMEMBERED, LOG = "token", "ray.json", "start.log"


class RayTrouble(Exception):
    """Ray is not there, or does not do what it is asked. The message says what helps; it is tried again."""


def environment(folder: Path) -> dict[str, str]:
    """What whoever starts this Ray, or speaks to it, needs in its environment from the first moment on."""
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / TOKEN),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on Linux, too: else it takes 127.0.0.1 for the outer address
        "RAY_USAGE_STATS_ENABLED": "0",
        "AUTOSCALER_METRIC_PORT": "0",  # any free one, where another Ray has the usual one
    }


@dataclass(frozen=True, slots=True)
class _Running:
    """The process that all others of this Ray end with."""

    pid: int
    created: float  # by the system's clock: no other process of that number is meant
    address: str
    temporary: str  # Ray's own files

    def process(self) -> psutil.Process | None:
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < 1 and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return found if same else None


class LocalRay:
    """For one thread. `folder`: only this user can read it."""

    def __init__(self, folder: Path, env: Mapping[str, str] = os.environ) -> None:
        self._folder, self._env = folder, env
        self._started: subprocess.Popen[bytes] | None = None  # what was started here; it goes on

    def address(self) -> str | None:
        """Where it is, if it runs."""
        found = self._known()
        return None if found is None or found.process() is None else found.address

    def up(self, num_cpus: int) -> str:
        """Where it is; it is started if it does not run. `num_cpus`: at least so many cores are given out. Raises
        RayTrouble, and OSError."""
        there = self.address()
        if there is not None and _listens(there):
            return there
        self.down()  # what may be left
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _private(self._folder / TOKEN, secrets.token_hex(32))  # Ray wants 32 characters or more
        temporary = tempfile.mkdtemp(prefix=TEMPORARY)  # short: paths of sockets have 107 characters
        address = f"127.0.0.1:{_free_port()}"
        process = self._started = self._start(address, num_cpus, temporary)
        created = psutil.Process(process.pid).create_time()
        _private(self._folder / REMEMBERED, json.dumps(asdict(_Running(process.pid, created, address, temporary))))
        deadline = time.monotonic() + START_S
        while "Ray runtime started" not in self._log():
            if process.poll() is not None or time.monotonic() > deadline:
                told = self._log().strip()[-MAX_TOLD:]
                self.down()
                raise RayTrouble(
                    "Ray did not start on this machine, as where it is too busy or has no memory left; it is tried "
                    f"again. It says: {told}"
                )
            time.sleep(EVERY_S)
        return address

    def down(self) -> None:
        """End it, and with it all that runs by it. No effect where it does not run."""
        known = self._known()
        if known is not None:
            process = known.process()
            if process is not None:
                _end(process)
            if Path(known.temporary).name.startswith(TEMPORARY):
                _kill_those_with(known.temporary)
                shutil.rmtree(known.temporary, ignore_errors=True)
            (self._folder / REMEMBERED).unlink(missing_ok=True)
        if self._started is not None:
            self._started.poll()  # the system needs to remember it no longer

    def _known(self) -> _Running | None:
        try:
            return _Running(**json.loads((self._folder / REMEMBERED).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _start(self, address: str, num_cpus: int, temporary: str) -> "subprocess.Popen[bytes]":
        command = [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"),
            *("--node-ip-address", "127.0.0.1", "--port", address.rpartition(":")[2], "--temp-dir", temporary),
            *("--include-dashboard", "false", "--include-log-monitor", "false"),
            *("--object-store-memory", str(OBJECT_STORE), "--num-cpus", str(max(num_cpus, os.cpu_count() or 1))),
        ]
        with (self._folder / LOG).open("wb") as log:
            return subprocess.Popen(
                command,
                env={**without_own(self._env), **environment(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=temporary,
                start_new_session=True,  # no signal of a terminal ends it with the front
            )

    def _log(self) -> str:
        return (self._folder / LOG).read_text(errors="replace")


def _private(path: Path, text: str) -> None:
    aside = path.with_suffix(".new")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    aside.replace(path)


def _free_port() -> int:
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        if port not in RAYS_OWN:
            return port


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5.0).close()
    except OSError:
        return False
    return True


def _end(process: psutil.Process) -> None:
    """It ends its own parts when it is told to; what is left is killed."""
    try:
        parts = process.children(recursive=True)
        process.send_signal(signal.SIGTERM)
        _, left = psutil.wait_procs([process, *parts], END_S)
    except psutil.NoSuchProcess:
        return
    for each in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()


def _kill_those_with(temporary: str) -> None:
    """Parts that go on, where the process that all end with was killed: each is told that folder, which is no other's.
    Actors and shards end with them."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(temporary in argument for argument in process.cmdline()):
                process.kill()
