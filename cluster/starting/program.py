"""The starter: a program of its own beside the front, which has not read Ray: that ends whole processes when its own
parts are gone.
"""

import os
import sys
import threading
import time
from contextlib import suppress

import msgspec

from askcam.cluster.starting.messages import BEAT_S, Order, StarterNews, first_line
from askcam.server import logs


class Lines:
    """What is said to the front: at once, and again while nothing else is said, so that it knows that this lives."""

    def __init__(self, fd: int) -> None:
        self._out, self._lock, self._last = os.fdopen(fd, "wb", buffering=0), threading.Lock(), StarterNews()

    def say(self, said: StarterNews) -> None:
        with self._lock:
            self._last = said
            self._out.write(msgspec.json.encode(said) + b"\n")

    def beat(self) -> None:
        while True:
            time.sleep(BEAT_S)
            with suppress(OSError):
                self.say(self._last)


def _end_with_the_front() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # shards and supervisor go on


def main() -> None:
    """Reads one Order, and says how it goes: until its input is closed, or an order to stop is carried out."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever libraries print is none of what is said
    logs.begin()
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    lines = Lines(out)
    for work in (lines.beat, *(() if order.stop else (_end_with_the_front,))):
        threading.Thread(target=work, daemon=True).start()
    lines.say(StarterNews(doing="Ray is being read"))
    from askcam.cluster.starting.by_ray import RayStarter  # takes seconds

    starter = RayStarter(order, lines.say)
    try:
        if order.stop:
            starter.stop()
        else:
            starter.watch()
    except Exception as exc:  # RayTrouble, and what Ray has to say
        lines.say(StarterNews(trouble=first_line(exc)))
        os._exit(1)  # Ray may take its time to take its leave
    os._exit(0)


if __name__ == "__main__":
    main()
