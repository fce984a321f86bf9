"""Rates of things that clients do: token buckets. Pure; time is handed in."""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` a second in the long run, `burst` at once."""

    per_s: float
    burst: float

    def __post_init__(self) -> None:
        if self.per_s <= 0 or self.burst < 1:
            raise ValueError(f"a rate lets something through: per_s above 0 and a burst of at least 1, not {self}")


class Bucket:
    """One client's allowance under `rate`: full at first, refilled evenly, never above the burst."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate, self._left, self._at = rate, rate.burst, now

    def wait_s(self, now: float) -> float:
        """Seconds until one more would pass; 0 when it would now."""
        self._refill(now)
        return max(0.0, (1.0 - self._left) / self._rate.per_s)

    def take(self, now: float) -> float:
        """Take one: 0 when it was there, else the seconds until it will be (and nothing was taken)."""
        wait_s = self.wait_s(now)
        if wait_s == 0.0:
            self._left = max(0.0, self._left - 1.0)
        return wait_s

    def owe(self, amount: float, now: float) -> None:
        """Take `amount` that has passed already, though it was not there: what comes next waits until it is paid."""
        self._refill(now)
        self._left -= amount

    def left(self, now: float) -> tuple[float, float]:
        """How many would pass at once, and the seconds until the bucket is full again."""
        self._refill(now)
        return self._left, (self._rate.burst - self._left) / self._rate.per_s

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._left = min(self._rate.burst, self._left + (now - self._at) * self._rate.per_s)
            self._at = now


class Rates:
    """A bucket per client. Owned by the event loop.

    Holds `max_clients` buckets; when one more comes, the one unused for longest is forgotten (and that client starts
    with a full one).
    """

    def __init__(self, rate: Rate, max_clients: int = 4096) -> None:
        self.rate, self._max_clients = rate, max_clients
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, client: str, now: float) -> float:
        """Take one: 0 when `client` may, else the seconds it should wait. `now` on any steady clock."""
        return self._bucket(client, now).take(now)

    def owe(self, client: str, amount: float, now: float) -> None:
        """Take what has passed already."""
        self._bucket(client, now).owe(amount, now)

    def wait_s(self, client: str, now: float) -> float:
        """What take() would say, taking nothing."""
        bucket = self._buckets.get(client)
        return 0.0 if bucket is None else bucket.wait_s(now)

    def left(self, client: str, now: float) -> tuple[float, float]:
        """How many of its burst a client has left, and the seconds until all of it is there again."""
        bucket = self._buckets.get(client)
        return (self.rate.burst, 0.0) if bucket is None else bucket.left(now)

    def _bucket(self, client: str, now: float) -> Bucket:
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = Bucket(self.rate, now)
            if len(self._buckets) > self._max_clients:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(client)
        return bucket
