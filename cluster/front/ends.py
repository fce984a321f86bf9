"""Where pages ended: by their cursor, or for clients that name the last id of one instead."""

from collections import OrderedDict

from askcam.cluster.cursors import Cursor
from askcam.cluster.front.positions import cursor_of, number_in
from askcam.server.errors import Invalid

KEPT = 4096  # the oldest go


class RememberedEnds:
    """Owned by the event loop."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._ends: OrderedDict[int, str] = OrderedDict()  # as text, which takes a tenth of the room

    def put(self, last: int, end: Cursor) -> None:
        """A page has ended with the entry `last`."""
        self._ends[last] = end.text()
        self._ends.move_to_end(last)
        if len(self._ends) > self._kept:
            self._ends.popitem(last=False)

    def read_until(self, before: str | None) -> Cursor:
        """Where the page before ended, by its cursor or its last entry's id; None: there was none. Raises Invalid, also
        for an id that no page has ended with, or none that is remembered."""
        if before is None:
            return Cursor()
        if (found := cursor_of(before, "before")) is not None:
            return found
        last = number_in(before, "before")
        if (end := self._ends.get(last)) is None:
            raise Invalid(f"no page is remembered that ended with {last}: send what it told as `next`", "before")
        return Cursor.read(end)
