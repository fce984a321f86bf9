"""What was proposed to be watched, or not any more, and waits for somebody to say yes. Pure: time is handed in."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from askcam.features.watches.setting import WatchSetting

MAX_PROPOSALS = 64  # beyond it the oldest goes
MOST_OF_ONE, MOST_OF_VIEWERS = 4, 32  # of one client that is no admin, and of all of those
KEPT_S = 600.0  # so long one may be confirmed


@dataclass(frozen=True, slots=True)
class Proposal:
    """`setting` None: the watch is to be removed."""

    id: str
    name: str  # of the watch
    setting: WatchSetting | None
    answer_id: str  # of the answer in which it was made; "": in none
    at: float  # steady seconds
    by: str | None = None  # which client that is no admin; None: an admin


def random_id() -> str:
    """Short, since a model has to repeat it; whoever confirms must be an admin, so it is no secret."""
    return secrets.token_hex(3)


class Proposals:
    """Owned by the event loop. In memory: what nobody has confirmed is gone after a restart."""

    def __init__(self, new_id: Callable[[], str] = random_id) -> None:
        self._new_id = new_id
        self._waiting: dict[str, Proposal] = {}  # oldest first

    def room(self, by: str, now: float) -> bool:
        """Whether a client that is no admin may propose one more: others' are not lost by it."""
        self._forget(now)
        theirs = [each.by for each in self._waiting.values() if each.by is not None]
        return theirs.count(by) < MOST_OF_ONE and len(theirs) < MOST_OF_VIEWERS

    def add(
        self, name: str, setting: WatchSetting | None, answer_id: str, now: float, by: str | None = None
    ) -> Proposal:
        self._forget(now)
        while (found := self._new_id()) in self._waiting:
            pass
        proposal = self._waiting[found] = Proposal(found, name, setting, answer_id, now, by)
        if len(self._waiting) > MAX_PROPOSALS:
            del self._waiting[next(iter(self._waiting))]
        return proposal

    def get(self, proposal_id: str, now: float) -> Proposal | None:
        """None: there never was one, it was carried out, or it has waited too long."""
        self._forget(now)
        return self._waiting.get(proposal_id)

    def drop(self, proposal_id: str) -> None:
        """It was carried out, or is not wanted."""
        self._waiting.pop(proposal_id, None)

    def waiting(self, now: float) -> tuple[Proposal, ...]:
        """All, the oldest first."""
        self._forget(now)
        return tuple(self._waiting.values())

    def names(self, now: float) -> set[str]:
        """Of the watches that are to be made."""
        self._forget(now)
        return {each.name for each in self._waiting.values() if each.setting is not None}

    def _forget(self, now: float) -> None:
        self._waiting = {key: each for key, each in self._waiting.items() if now - each.at < KEPT_S}
