"""What people have judged of watches whose events are kept here, and the thresholds that follow from that: whichever
shards have told of them, and whether these are there or not."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from askcam.client.watches import WatchJudged
from askcam.cluster.front.joined.commits import StoringTable
from askcam.cluster.front.joined.events import KeptEvents
from askcam.cluster.merging import Row
from askcam.cluster.store import StoredEvent, TableStore
from askcam.server.judging.labels import MOST, AskedNow, JudgedEvent, JudgedReadings
from askcam.server.judging.proposal import judged

KNOWN_S = 10.0  # so long it is told as it was read, unless somebody judges here: what other fronts are told comes then

Found = dict[str, WatchJudged | None]


class JudgedAtFront:
    """Owned by the event loop. One entry for each watch that was told of last."""

    def __init__(self, table: StoringTable, events: KeptEvents) -> None:
        self._table, self._events = table, events
        self._found: dict[str, tuple[int, float, AskedNow, WatchJudged | None]] = {}

    async def tell(self, rows: Sequence[Row], *, all_of_them: bool = False) -> None:
        """Write into rows of GET /v1/watches what was judged of each. `all_of_them`: there are no others. Raises
        Refusal."""
        asked = {str(row.get("name")): now for row in rows if (now := _asked_now(row)) is not None}
        if all_of_them:
            self._found = {name: found for name, found in self._found.items() if name in asked}
        num_judged, at = self._events.num_judged, time.monotonic()
        stale = {name: now for name, now in asked.items() if not self._is_known(name, num_judged, at, now)}
        if stale:
            for name, value in (await self._table.read(lambda store: _read(store, stale))).items():
                self._found[name] = (num_judged, at + KNOWN_S, stale[name], value)
        for row in rows:
            found = self._found.get(str(row.get("name")))
            row["judged"] = None if found is None else msgspec.to_builtins(found[3])

    def _is_known(self, name: str, num_judged: int, at: float, now: AskedNow) -> bool:
        found = self._found.get(name)
        return found is not None and found[0] == num_judged and at < found[1] and found[2] == now


def _asked_now(row: Row) -> AskedNow | None:
    """None: a shard tells it otherwise."""
    with suppress(msgspec.ValidationError):
        return msgspec.convert({name: row.get(name) for name in AskedNow.__slots__}, AskedNow)
    return None


def _read(store: TableStore, wanted: Mapping[str, AskedNow]) -> Found:
    """On the table's thread."""
    return {name: judged(map(_event, store.judged(name, MOST)), now) for name, now in wanted.items()}


def _event(event: StoredEvent) -> JudgedEvent:
    """What a shard has told otherwise than a server does has no readings to go by."""
    try:
        said = msgspec.json.decode(event.document, type=JudgedReadings)
        after = msgspec.json.decode(event.after, type=list)
        said = msgspec.convert(msgspec.to_builtins(said) | {"after": after}, JudgedReadings)
    except msgspec.ValidationError:
        said = JudgedReadings(event.kind)
    return JudgedEvent(event.at, event.verdict == "right", said)
