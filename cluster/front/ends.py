"""Where pages ended, for clients that name the last id of one instead of its cursor. Pure."""

from collections import OrderedDict

from askcam.cluster.cursors import Cursor
from askcam.server.errors import Invalid

KEPT = 4096  # the oldest go


class RememberedEnds:
    """Owned by the event loop."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._ends: OrderedDict[int, Cursor] = OrderedDict()

    def put(self, last: int, end: Cursor) -> None:
        """A page has ended with the entry `last`."""
        self._ends[last] = end
        self._ends.move_to_end(last)
        if len(self._ends) > self._kept:
            self._ends.popitem(last=False)

    def get(self, last: int) -> Cursor:
        """Raises Invalid for one that no page has ended with, or none that is remembered."""
        if (found := self._ends.get(last)) is None:
            raise Invalid(f"no page is remembered that ended with {last}: send what it told as `next`", "before")
        return found
