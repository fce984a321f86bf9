"""What pictures and clips may cost: each question in work, and all that wait in the server in memory.

A few kilobytes of PNG hold sixteen megapixels. So pixels are counted before they are decoded, and those that were
decoded are counted until nobody holds them any more.
"""

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from askcam.server.errors import Invalid, TooMany
from askcam.stream.fit import FitRule, as_is
from askcam.stream.frame import Pixels

MAX_ASKED_PIXELS = 48_000_000  # decoded for one question: about half a second
MAX_HELD_PIXELS = 80_000_000  # decoded, in all questions that wait or are being answered: 240 MB of RGB
SHARE = 0.5  # of them, that one client may hold
RETRY_S = 2


class Stopped(Exception):
    """Nobody waits for this decoding any more."""


class Held:
    """Decoded pixels of all questions. Any thread."""

    def __init__(self, num_pixels: int = MAX_HELD_PIXELS, share: float = SHARE) -> None:
        self._most, self._share = num_pixels, int(num_pixels * share)
        self._by_client: Counter[str] = Counter()
        self._lock = threading.RLock()  # the garbage collector may give back what it finds at any moment

    @property
    def num_pixels(self) -> int:
        with self._lock:
            return sum(self._by_client.values())

    def take(self, client: str, num_pixels: int) -> None:
        """Raises TooMany when there is no room for so many more."""
        with self._lock:
            all_, own = sum(self._by_client.values()), self._by_client[client]
            if all_ + num_pixels > self._most or own + num_pixels > self._share:
                whose = "your" if own + num_pixels > self._share else "others'"
                if not own:
                    del self._by_client[client]
                told = f"{whose} questions hold all the pictures that there is room for just now: ask again soon"
                raise TooMany(told, code="busy", retry_after_s=RETRY_S)
            self._by_client[client] += num_pixels

    def give_back(self, client: str, num_pixels: int) -> None:
        with self._lock:
            self._by_client[client] -= num_pixels
            if self._by_client[client] <= 0:
                del self._by_client[client]


class Budget:
    """What is left for one question. Used by one thread at a time; stop() is for any."""

    def __init__(
        self, num_pixels: int = MAX_ASKED_PIXELS, held: Held | None = None, client: str = "", fit: FitRule = as_is
    ) -> None:
        """`held`: where what is decoded counts until it is let go; None: nowhere. `fit`: how pictures are kept."""
        self._all = self._left = num_pixels
        self._held, self._client = held, client
        self.fit = fit
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._end: Callable[[], None] | None = None  # what else stops it

    def stop(self) -> None:
        """Have the decoding end soon."""
        with self._lock:
            self._stop.set()
            if self._end is not None:
                self._end()

    @contextmanager
    def stopping(self, end: Callable[[], None]) -> Iterator[None]:
        """Have stop() call `end` while this lasts, at once if it was called before."""
        with self._lock:
            self._end = end
            if self._stop.is_set():
                end()
        try:
            yield
        finally:
            with self._lock:
                self._end = None

    def check(self) -> None:
        """Raises Stopped when nobody waits any more."""
        if self._stop.is_set():
            raise Stopped

    def take(self, num_pixels: int, param: str) -> None:
        """Before decoding so many more. Raises Invalid naming `param` when that is too much, and Stopped."""
        self.check()
        self._left -= num_pixels
        if self._left < 0:
            raise Invalid(
                f"the pictures and clips of one question may have {self._all / 1e6:.0f} megapixels together: "
                "send fewer or smaller ones, or leave those of earlier turns out",
                param,
                "too_many_pixels",
            )

    def keep(self, num_pixels: int, make: Callable[[], Pixels]) -> Pixels:
        """What `make` decodes, `num_pixels` at most, which then counts as held until that array is let go.

        Raises TooMany before it is made, when there is no room.
        """
        held, client = self._held, self._client
        if held is None:
            return make()
        held.take(client, num_pixels)
        kept = 0
        try:
            pixels = make()
            kept = min(num_pixels, pixels.shape[0] * pixels.shape[1])
        finally:
            held.give_back(client, num_pixels - kept)
        weakref.finalize(pixels, held.give_back, client, kept).atexit = False
        return pixels
