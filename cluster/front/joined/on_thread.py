"""The table of several fronts as its thread has it: the lease is renewed there, and what is decided is written."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from askcam.cluster.changes import KeptTable
from askcam.cluster.front.joined.owning import TableOnThread
from askcam.cluster.joining import Expected
from askcam.cluster.keeping import KeptOwners
from askcam.cluster.leading import LEASE_S, HeldLease, NotLeading, SharedStore, steady_s
from askcam.cluster.renewal import LeaseTimes
from askcam.cluster.store import StoreFailed


@dataclass(frozen=True, slots=True)
class TableLook:
    """What a look at a table of several fronts has found."""

    ours: bool  # this front leads
    again_s: float  # a lease that another front has runs out then
    table: KeptTable | None  # None: as it was known


class SharedOnThread(TableOnThread):
    """The same of a table that other fronts have, too: `kept` is the leader's only."""

    def __init__(
        self,
        table: SharedStore,
        lease: HeldLease,
        expected: Expected,
        timings: LeaseTimes,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(table, expected, timings, clock)
        self._shared, self._lease = table, lease
        self._known: int | None = None  # the number of changes that were told to whoever looks

    @property
    def kept(self) -> KeptOwners:
        """Raises NotLeading, StoreFailed."""
        lease = self._lease
        if self._kept is None or not lease.leads(steady_s()):
            if lease.leader.instance == lease.instance:
                raise StoreFailed(self.table.trouble() or "the lease has run out, and is had again in a moment")
            raise NotLeading(lease.leader)
        return self._kept

    def begin(self) -> KeptTable:
        """Raises what the store does."""
        found = self.look().table
        assert found is not None, "the first look"
        return found

    def look(self) -> TableLook:
        """Renew the lease, or take it, or see who has it. Who leads from now on, or does again, begins anew. Raises
        StoreFailed."""
        asked_s, lease = steady_s(), self._lease
        lead = self._shared.lead(lease.instance, lease.url, LEASE_S)
        if lease.found(lead, asked_s, steady_s()) or not lead.ours:
            if self._kept is not None or lead.ours:
                self._known = None  # whoever looks has another part from now on
            self._kept = None
        table: KeptTable | None = None
        if lead.ours and self._kept is None:
            table = super().begin()
        elif lead.num_changes != self._known:
            table = self._kept.now(self.clock()).kept() if self._kept is not None else self.table.read()
        self._known = lead.num_changes
        return TableLook(lead.ours, lead.left_s, table)

    def close(self) -> None:
        self._lease.given_up()
        with contextlib.suppress(StoreFailed):
            self._shared.resign()
        super().close()
