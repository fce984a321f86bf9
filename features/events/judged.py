"""Events for those who bring them out of this machine: of a front's cameras only those of which the front has said that
they count, or has said nothing for a while."""

from dataclasses import dataclass

from askcam.client.watches import WatchEvent
from askcam.features.events.store import EventStore

JUDGED_S = 30.0  # so long the front may take to say whether an event of a camera of its counts


@dataclass(frozen=True, slots=True)
class JudgedEvents:
    """What was found in the store, oldest first."""

    events: list[WatchEvent]
    first: int | None  # the oldest event that is kept
    last: int  # the newest event there ever was
    fenced: set[int]  # of these, those that do not count at the front
    unjudged: bool  # whether more have come, of which it has not said so yet


def judged(store: EventStore, after: int, limit: int, wall: float) -> JudgedEvents:
    """Ids above `after`. `wall`: now, seconds since the epoch. On the store's thread."""
    first = store.first_id()
    events = store.following(after, limit, watch=None, camera=None)
    until = store.front.unjudged(after, wall - JUDGED_S)
    if until is not None:
        events = [event for event in events if event.id < until]
    fenced = store.front.fenced(after, events[-1].id) if events else set()
    return JudgedEvents(events, first, store.last_id(), fenced, until is not None)
