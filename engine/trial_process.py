"""The process in which forms are tried out: `python -m askcam.engine.trial_process FD`. trial.py starts it.

It holds a model's tokenizer and does nothing but fork: each form is tried in a child of its own, which the system ends
when it takes more time or memory than a form may, and whoever asked may kill. POSIX only.
"""

import contextlib
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

import llguidance

from askcam.engine.errors import QuestionError
from askcam.engine.grammars import Markers, blame, matcher, write
from askcam.engine.question import JSON_OBJECT, Form

CPU_S = 1.0  # of computing: the longest form that people have written takes a third of it
WALL_S = 20  # for that, on a machine that has much else to do
MORE_BYTES = 128 << 20  # of memory, beyond what the tokenizer takes: the longest forms take a few
LENGTH = struct.Struct(">I")
PID = struct.Struct(">I")


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the socket
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    with contextlib.suppress(OSError):
        os.nice(10)  # answers go first
    about = json.loads(receive(control))
    tokenizer = llguidance.LLTokenizer(about["tokenizer"], n_vocab=about["width"], eos_token=about["end_tokens"])
    around: Markers = tuple(about["markers"])
    matcher(tokenizer, write(JSON_OBJECT, around), "")  # what every form needs is there before the first is measured
    control.sendall(b"!")
    while True:
        _, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not fds:  # the server is gone
            return
        if os.fork() == 0:
            control.close()
            with socket.socket(fileno=fds[0]) as asker:
                _tried(asker, tokenizer, around)
            os._exit(0)
        os.close(fds[0])


def _tried(asker: socket.socket, tokenizer: Any, around: Markers) -> None:
    _bound()
    asker.sendall(PID.pack(os.getpid()))
    form = Form(**json.loads(receive(asker)))
    _, before = _memory()
    try:
        written = write(form, around)
        matcher(tokenizer, written, blame(form))
        told: dict[str, Any] = {"written": written, "num_bytes": max(0, _memory()[1] - before)}
    except QuestionError as exc:
        told = {"error": str(exc), "param": exc.param}
    except MemoryError:
        return  # as if it had been killed
    told["seconds"] = time.process_time()
    send(asker, json.dumps(told))


def _bound() -> None:
    """Let the system end this process when it takes too much."""
    for name in (signal.SIGPROF, signal.SIGALRM, signal.SIGXCPU):
        signal.signal(name, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    signal.alarm(WALL_S)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size, _ = _memory()
    if size:
        resource.setrlimit(resource.RLIMIT_AS, (size + MORE_BYTES, size + MORE_BYTES))


def _memory() -> tuple[int, int]:
    """Bytes of address space, and of memory that is this process' own, as Linux counts them; 0 elsewhere."""
    try:
        size, resident, shared, *_ = map(int, Path("/proc/self/statm").read_text().split())
    except OSError:
        return 0, 0
    return size * resource.getpagesize(), (resident - shared) * resource.getpagesize()


def send(to: socket.socket, text: str) -> None:
    """One message: its length, then UTF-8."""
    data = text.encode("utf-8", "surrogatepass")
    to.sendall(LENGTH.pack(len(data)) + data)


def receive(source: socket.socket) -> str:
    """What send() sent. Raises EOFError."""
    (length,) = LENGTH.unpack(_exactly(source, LENGTH.size))
    return _exactly(source, length).decode("utf-8", "surrogatepass")


def _exactly(source: socket.socket, length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        more = source.recv(min(1 << 20, length - len(found)))
        if not more:
            raise EOFError
        found += more
    return bytes(found)


if __name__ == "__main__":
    with contextlib.suppress(EOFError, ConnectionError):
        main()
