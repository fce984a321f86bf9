"""Owners whose changes are on disk before anybody hears of them."""

from collections.abc import Callable

from askcam.cluster.changes import Change
from askcam.cluster.joining import Expected
from askcam.cluster.owners import Owners
from askcam.cluster.renewal import USUAL, LeaseTimes, Orders
from askcam.cluster.store import TableStore


class KeptOwners:
    """For one thread at a time: the store's. Where the store refuses, what was decided is forgotten with it: the table
    is read anew by the next call, as after a restart, and shards and their starters say again what they said."""

    def __init__(
        self, store: TableStore, now_s: float, expected: Expected | None = None, timings: LeaseTimes = USUAL
    ) -> None:
        """Raises what the store does."""
        self._store, self._expected, self._timings = store, expected, timings
        self._owners: Owners | None = Owners(now_s, store.read(), expected, timings)

    def now(self, now_s: float) -> Owners:
        """As they are on disk: to be asked, and changed by change() and order() only. Raises what the store does."""
        if self._owners is None:
            self._owners = Owners(now_s, self._store.read(), self._expected, self._timings)
        return self._owners

    def change(self, work: Callable[[Owners], list[Change]], now_s: float) -> list[Change]:
        """Have something done, such as `lambda owners: owners.drain("gpu-3", now_s)`; what came of it is on disk.
        Raises what that raises, and what the store does."""
        return self.order(lambda owners: (Orders(0, None), work(owners)), now_s)[1]

    def order(self, work: Callable[[Owners], tuple[Orders, list[Change]]], now_s: float) -> tuple[Orders, list[Change]]:
        """The same of what a shard is answered: to be sent now."""
        orders, changes = work(self.now(now_s))
        if changes:
            try:
                self._store.apply(changes)
            except BaseException:
                self._owners = None
                raise
        return orders, changes
