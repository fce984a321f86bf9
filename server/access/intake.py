"""How fast what clients send is taken in: reading, parsing and counting it costs everybody's event loop."""

import asyncio
import time
from collections.abc import Callable

from askcam.server.access.rates import Rate, Rates
from askcam.server.access.shares import ClientIdentity

LEAST_BYTES = 16_384  # so of short ones come a thousand in a second


class Intake:
    """Bytes per client, of HTTP bodies and of websocket messages alike. Owned by the event loop.

    Nothing is refused: whoever sends faster than `bytes_per_s` is read no faster, and the rest waits in its own network
    stack. The admin is read as it comes.
    """

    def __init__(self, bytes_per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = Rates(Rate(bytes_per_s, bytes_per_s))
        self._clock = clock

    def came(self, client: ClientIdentity, num_bytes: int) -> None:
        """A piece of a body, or a message; however short it is, it costs as much as `LEAST_BYTES`."""
        if not client.admin:
            self._rates.owe(client.key, max(num_bytes, LEAST_BYTES), self._clock())

    def wait_s(self, client: ClientIdentity) -> float:
        """Seconds until more of this client may be read."""
        return 0.0 if client.admin else self._rates.wait_s(client.key, self._clock())

    async def turn(self, client: ClientIdentity) -> float:
        """Wait until more of this client may be read; seconds that it took, for which what comes next may have lain."""
        waited_s = 0.0
        while (wait_s := self.wait_s(client)) > 0.0:
            await asyncio.sleep(wait_s)
            waited_s += wait_s
        return waited_s
