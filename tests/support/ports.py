"""Ports that nobody else is given: for a server that is ended and comes back at the same place, and for one that is
told where to listen before it does.

What bind() to port 0 hands out may be handed to the next one who asks as soon as it is let go; these lie below what
Linux, macOS and Windows hand out by themselves (from 32768 or 49152)."""

import os
import random
import socket

FIRST, EACH = 12_000, 1_000
SHARES = 20  # of 1,000 ports, by the test process
_given: set[int] = set()


def own_port() -> int:
    """A TCP port of 127.0.0.1 at which nobody listens, given to no other test process and by this one only once."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = FIRST + int(worker) % SHARES * EACH
    for port in random.SystemRandom().sample(range(first, first + EACH), EACH):
        if port not in _given and not _taken(port):
            _given.add(port)
            return port
    raise OSError(f"no port from {first} to {first + EACH - 1} is free")


def _taken(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
