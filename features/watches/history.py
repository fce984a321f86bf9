"""What a watch has lately read at one camera, for those who draw it as a line. Pure."""

from array import array
from bisect import bisect_left, bisect_right

from askcam.client.watches import Reading
from askcam.server.wire.moments import rfc3339

MOST = 600  # readings; at the usual two seconds between them, 20 minutes


class History:
    """The newest readings, oldest first; what is beyond MOST goes. 16 bytes each. Owned by the event loop."""

    def __init__(self) -> None:
        self._walls, self._probabilities = array("d"), array("d")

    def __len__(self) -> int:
        return min(MOST, len(self._walls))

    def add(self, wall: float, probability: float) -> None:
        """`wall`: capture time of the newest frame it was read from, seconds since the epoch.

        After a clock was set back, what seems to come later goes: a line has one value at a time."""
        kept = bisect_left(self._walls, wall)
        for column, value in ((self._walls, wall), (self._probabilities, probability)):
            del column[kept:]
            column.append(value)
            if len(column) >= 2 * MOST:  # so that not every reading moves all of them
                del column[:-MOST]

    def since(self, wall: float | None) -> list[Reading]:
        """Those after `wall`; None: all that are kept."""
        first = max(0, len(self._walls) - MOST)
        if wall is not None:
            first = max(first, bisect_right(self._walls, wall))
        return [
            Reading(rfc3339(at), probability)
            for at, probability in zip(self._walls[first:], self._probabilities[first:], strict=True)
        ]
