"""One shard as a process of this machine: `askcam serve`, which ends with whoever waits for it.

As a program it is what stands between the two: it asks the system to be killed once its parent is gone, and becomes the
server.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from askcam.cluster.starting.messages import MAX_WHY, ShardLaunch
from askcam.server.storage.folder import data_folder

SERVER = "askcam.app.cli"
LEAVE_S = 15.0  # for a server to end by itself, after it was told to
PR_SET_PDEATHSIG = 1  # linux/prctl.h
OWN = ("ASKCAM_TOKEN", "ASKCAM_ADMIN_TOKEN", "ASKCAM_SHARD_TOKEN", "ASKCAM_SHARD_ADMIN_TOKEN")  # of whoever starts it


def without_own(env: Mapping[str, str]) -> dict[str, str]:
    """An environment without the tokens of the front and its people, which no shard is to have."""
    return {name: value for name, value in env.items() if name not in OWN}


def shard_env(env: Mapping[str, str], launch: ShardLaunch) -> dict[str, str]:
    """A shard's environment on this machine: with its tokens, none of Ray's, and a place for its data of its own."""
    kept = {name: value for name, value in without_own(env).items() if not name.startswith("RAY_")}
    data = data_folder(env).parent / "shards" / launch.name
    return {**kept, "XDG_DATA_HOME": str(data), "PYTHONUNBUFFERED": "1", **launch.env}


def serve_command(flags: Sequence[str]) -> list[str]:
    """`askcam serve` with these flags, by this Python."""
    return [sys.executable, "-m", SERVER, "serve", *flags]


class ShardProcess:
    """run() blocks a thread, which has to live as long as the process does; stop() is for any other thread."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Callable[[str], None]) -> None:
        """`env`: all of its environment; `log`: is told each line that it writes, on a thread of its own."""
        self._command = [sys.executable, "-m", __name__, str(os.getpid()), *command]
        self._env, self._log = dict(env), log
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._last = deque[str](maxlen=1)  # what it wrote last

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def run(self) -> str:
        """Start it and wait until it has ended: why that was. Raises OSError."""
        with self._lock:
            if self._stopped.is_set():
                return "it was ended"
            self._process = process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        reader = threading.Thread(target=self._read, args=(process,), name="askcam-shard-log", daemon=True)
        reader.start()
        status = process.wait()
        reader.join(1.0)  # a child of it may hold the pipe
        return "it was ended" if self._stopped.is_set() else self._why(status)

    def stop(self, within_s: float = LEAVE_S) -> None:
        """Have it leave its front and end; killed where it has not in time. Returns once it has ended."""
        with self._lock:
            self._stopped.set()
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            while line := lines.readline(1 << 16):
                if line := line.rstrip():
                    self._last.append(line)
                    self._log(line)

    def _why(self, status: int) -> str:
        ended = f"it was killed ({signal.Signals(-status).name})" if status < 0 else f"it ended with {status}"
        last = next(iter(self._last), "")
        return f"{ended}: {last}"[:MAX_WHY] if status > 0 and last else ended


def main() -> None:
    """PARENT COMMAND...: become that command, which is killed once the process PARENT has ended."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it had ended before
        sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
