"""Forms are tried out where they can be killed, before they are compiled where answers are given.

What comes from outside may be any schema, and some cost hours to be compiled or all memory. A process of its own
(trial_process.py) tries each in a child with a bound on time and memory; what that child got through is cheap.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any

from askcam.engine.errors import Cancelled, EngineFailure, QuestionError
from askcam.engine.grammars import Markers, blame
from askcam.engine.question import Form
from askcam.engine.trial_process import CPU_S, MORE_BYTES, PID, WALL_S, receive, send

LOOK_S = 0.05  # how often it is looked whether anybody still wants it
START_S = 60.0  # a large vocabulary on a busy machine
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # a process that forks must have no others
GRACE_S = 5.0  # beyond WALL_S, by which the child ends itself


@dataclass(frozen=True, slots=True)
class TriedForm:
    """What came of a form that is cheap enough."""

    written: str  # its grammar
    num_bytes: int  # of memory that it took
    seconds: float  # of computing


class Trial:
    """Any thread. The process is started when the first form is tried, and again when it is gone."""

    def __init__(self, tokenizer: str, width: int, end_tokens: Collection[int], markers: Markers) -> None:
        """`tokenizer`: as JSON, `width`: of the model's logits."""
        self._about = {
            "tokenizer": tokenizer,
            "width": width,
            "end_tokens": sorted(end_tokens),
            "markers": list(markers),
        }
        self._lock = threading.Lock()  # for the process and its socket
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._closed = False

    @staticmethod
    def possible() -> bool:
        """Whether this system can do it."""
        return hasattr(os, "fork")

    def run(self, form: Form, unwanted: Callable[[], bool]) -> TriedForm:
        """Blocks for as long as a form may take, WALL_S at most. Raises QuestionError for a form that cannot be used
        or costs too much, Cancelled when it is `unwanted` (looked at all the time), EngineFailure when it cannot be
        tried at all."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._hand_over(theirs)
            told = _Child(ours).ask(form, unwanted)
        if "error" in told:
            raise QuestionError(told["error"], told["param"])
        return TriedForm(told["written"], told["num_bytes"], told["seconds"])

    def close(self) -> None:
        """End the process, and what is tried in it."""
        with self._lock:
            self._closed = True
            self._end()

    def _hand_over(self, theirs: socket.socket) -> None:
        with self._lock:
            for last in (False, True):
                if self._closed:
                    raise EngineFailure("the engine is closed")
                control = self._control or self._start()
                try:
                    socket.send_fds(control, [b"."], [theirs.fileno()])
                    return
                except OSError as exc:  # the process is gone
                    self._end()
                    if last:
                        raise EngineFailure(f"schemas cannot be tried out: {exc}") from exc

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "askcam.engine.trial_process", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # what a child says as it is ended
                    env={**os.environ, **ONE_THREAD},
                    start_new_session=True,
                )
            except OSError as exc:
                ours.close()
                raise EngineFailure(f"schemas cannot be tried out: no process can be started ({exc})") from exc
        self._control = ours
        try:
            ours.settimeout(START_S)
            send(ours, json.dumps(self._about))
            if not ours.recv(1):
                raise EOFError("it ended at once")
        except (OSError, EOFError) as exc:
            self._end()
            raise EngineFailure(f"schemas cannot be tried out: their process does not start ({exc})") from exc
        return ours

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


class _Child:
    """The process in which one form is tried."""

    def __init__(self, line: socket.socket) -> None:
        self._line, self._pid = line, 0

    def ask(self, form: Form, unwanted: Callable[[], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + WALL_S + GRACE_S
        try:
            self._wait(deadline, unwanted)
            (self._pid,) = PID.unpack(self._line.recv(PID.size, socket.MSG_WAITALL))
            self._line.settimeout(GRACE_S)
            send(self._line, json.dumps(asdict(form)))
            self._wait(deadline, unwanted)
            found: dict[str, Any] = json.loads(receive(self._line))
            return found
        except (OSError, EOFError, TimeoutError) as exc:
            self._kill()
            if time.monotonic() > deadline - GRACE_S:  # that tells of the machine, not of the form
                raise EngineFailure(
                    f"the schema was not compiled within {WALL_S} s: this machine has too much else to do"
                ) from exc
            raise _too_costly(form) from exc
        except Cancelled:
            self._kill()
            raise

    def _wait(self, deadline: float, unwanted: Callable[[], bool]) -> None:
        while not select.select([self._line], [], [], LOOK_S)[0]:
            if unwanted():
                raise Cancelled("nobody waits for this form any more")
            if time.monotonic() > deadline:
                raise TimeoutError

    def _kill(self) -> None:
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)


def _too_costly(form: Form) -> QuestionError:
    return QuestionError(
        f"the schema cannot be used: to compile it takes more than {CPU_S:g} s of computing or {MORE_BYTES >> 20} MB; "
        "make it plainer: fewer alternatives inside allOf, smaller multipleOf, fewer and shorter patterns",
        blame(form),
    )
