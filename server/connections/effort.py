"""How much of the event loop what an address sends may cost: whatever it sends, however it is cut into pieces."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from askcam.server.access.rates import Rate, Rates

SHARE = Rate(per_s=100.0, burst=250.0)  # milliseconds of parsing, per second and at once
FREE_MS = 2.0  # of a connection's own, at once: a few requests
DRAINED_BYTES = 32 << 20  # taken at most of whoever is told goodbye while still sending
DRAINED_S, QUIET_S = 2.0, 0.1  # for which what is left is taken at most; without any, it is over
READ_BYTES = 8192  # taken from a connection at once: chunks and frames of a byte each are parsed for 30 ms


class Effort:
    """What was spent parsing, per address. Owned by the event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = Rates(SHARE)
        self.clock = clock

    def spent(self, address: str, seconds: float) -> float:
        """Count these; for how long nothing more should be read of the address."""
        now = self.clock()
        self._rates.owe(address, seconds * 1000.0, now)
        return self._rates.wait_s(address, now)


class Part:
    """One connection's part of what its address may cost: an equal one of all that are open. Whoever keeps to it is not
    held for what others at the same address spend, behind one router, say."""

    def __init__(self, effort: Effort, address: str, connections: Callable[[], int]) -> None:
        """`connections`: how many are open at the address, this one among them."""
        self._effort, self._address, self._connections = effort, address, connections
        self._owed, self._at = 0.0, effort.clock()  # milliseconds

    def spent(self, seconds: float) -> float:
        """Count these; for how long nothing more should be read of this connection."""
        now, per_s = self._effort.clock(), SHARE.per_s / max(1, self._connections())
        self._owed = max(0.0, self._owed - (now - self._at) * per_s) + seconds * 1000.0
        self._at = now
        return max(0.0, min(self._effort.spent(self._address, seconds), (self._owed - FREE_MS) / per_s))


class Reins:
    """A connection's transport as its protocol has it, whose reading can be held back whatever the protocol wishes."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._wanted = True  # the protocol would read
        self._held: asyncio.TimerHandle | None = None
        self.draining = False  # said its last, and still takes what comes, for nobody
        self._came = 0  # bytes, since then
        self._quiet = True  # ... none since the last look
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]  # of asyncio's own; others have no such thing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def pause_reading(self) -> None:
        self._wanted = False
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._wanted = True
        if self._held is None:
            self._transport.resume_reading()

    def close(self) -> None:
        """As asyncio's; a draining one says that nothing more comes, and takes what still comes for a while: to whoever
        is in the middle of sending, an end with unread bytes is a reset, and the last words are lost."""
        if not self.draining or self._transport.is_closing() or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._transport.write_eof()
        self.resume_reading()
        asyncio.get_running_loop().call_later(QUIET_S, self._drained, DRAINED_S)

    def came(self, num_bytes: int) -> None:
        """Something came that nobody wants any more."""
        self._came += num_bytes
        self._quiet = False
        if self._came > DRAINED_BYTES:
            self._transport.abort()

    def _drained(self, left_s: float) -> None:
        if not self._quiet and left_s > 0.0:
            self._quiet = True
            asyncio.get_running_loop().call_later(QUIET_S, self._drained, left_s - QUIET_S)
        else:
            self._transport.close()

    @property
    def held(self) -> bool:
        return self._held is not None

    def hold(self, seconds: float, longer: Callable[[], float] = lambda: 0.0) -> None:
        """Read nothing for so long, then for as long as `longer` says: of many that wait one comes after another."""
        if self._held is None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._held = asyncio.get_running_loop().call_later(seconds, self._let_go, longer)

    def _let_go(self, longer: Callable[[], float]) -> None:
        self._held = None
        if (seconds := longer()) > 0.0:
            self.hold(seconds, longer)
        elif self._wanted and not self._transport.is_closing():
            self._transport.resume_reading()
