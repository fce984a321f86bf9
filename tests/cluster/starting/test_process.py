"""A shard's process: what it is given, how it ends, and that it does not outlive whoever waits for it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import psutil
import pytest
from support.waiting import until

from askcam.cluster.starting.messages import ShardLaunch
from askcam.cluster.starting.process import ShardProcess, serve_command, shard_env

SAYS_AND_WAITS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
IGNORES = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(600)"
HOLDS = """
import sys
from askcam.cluster.starting.process import ShardProcess
ShardProcess([sys.executable, "-c", sys.argv[1]], {}, lambda line: print(line, flush=True)).run()
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


class Run:
    """A shard's process on a thread, as an actor has it."""

    def __init__(self, command: Sequence[str]) -> None:
        self.lines: list[str] = []
        self.why = ""
        self.process = ShardProcess(command, dict(os.environ), self.lines.append)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.why = self.process.run()

    def ended(self) -> str:
        self._thread.join(60)
        return self.why

    def said(self) -> list[str]:
        return until(lambda: self.lines, "its first line")


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_one_that_is_killed_is_told_with_its_signal() -> None:
    run = Run(python(SAYS_AND_WAITS))
    pid = int(run.said()[0])
    assert run.process.pid == pid, "it has become the server"
    os.kill(pid, signal.SIGKILL)
    assert run.ended() == "it was killed (SIGKILL)"


def test_one_that_ends_by_itself_is_told_with_its_last_words() -> None:
    run = Run(python("import sys; print('first'); print(); print('no such model'); sys.exit(2)"))
    assert run.ended() == "it ended with 2: no such model"
    assert run.lines == ["first", "no such model"]


def test_long_last_words_are_cut() -> None:
    assert len(Run(python("import sys; print('y' * 100_000); sys.exit(2)")).ended()) == 400


@pytest.mark.parametrize(("program", "within_s"), [(SAYS_AND_WAITS, 60.0), (IGNORES, 0.2)])
def test_one_that_is_told_to_end_ends(program: str, within_s: float) -> None:
    run = Run(python(program))
    run.said()
    run.process.stop(within_s)
    assert run.ended() == "it was ended"
    run.process.stop()  # a second time does nothing


def test_one_that_was_told_to_end_before_it_began_does_not_begin() -> None:
    process = ShardProcess(python(SAYS_AND_WAITS), {}, print)
    process.stop()
    assert (process.run(), process.pid) == ("it was ended", None)


def test_it_is_killed_with_whoever_waits_for_it() -> None:
    with subprocess.Popen([*python(HOLDS), SAYS_AND_WAITS], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        assert not gone(pid)
        holder.kill()
        until(lambda: gone(pid), "its end")


def test_it_does_not_begin_where_whoever_waits_has_ended_before() -> None:
    done = subprocess.run(
        [sys.executable, "-m", ShardProcess.__module__, "1", *python("print('it runs')")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")


def test_its_environment_has_its_tokens_and_none_of_others() -> None:
    launch = ShardLaunch("shard-2", [], {"ASKCAM_TOKEN": "of-shards"})
    env = {"HOME": "/root", "ASKCAM_ADMIN_TOKEN": "of-people", "RAY_AUTH_TOKEN": "of-ray", "ASKCAM_MODEL_KEY": "key"}
    found = shard_env(env, launch)
    assert found["ASKCAM_TOKEN"] == "of-shards"
    assert "of-people" not in found.values()
    assert "of-ray" not in found.values()
    assert found["ASKCAM_MODEL_KEY"] == "key"
    assert found["XDG_DATA_HOME"] == "/root/.local/share/askcam/shards/shard-2"
    assert "of-shards" not in repr(launch)
    assert serve_command(["--port", "0"])[1:] == ["-m", "askcam.app.cli", "serve", "--port", "0"]
