"""Events on disk. An event and what its teller remembers of it are one transaction: after a crash there is either both
or neither, so nothing is told twice and nothing that was told is lost."""

import logging
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from askcam.client.watches import EventClip, EventFrame, Judgement, Reading, Verdict, WatchEvent
from askcam.features.events.config import EventBounds
from askcam.features.events.errors import EventLogError, FolderTaken
from askcam.features.events.front_events import Debt, FrontEvents
from askcam.features.events.pictures import EventPictures, Shown
from askcam.features.events.query import OWN, SEEN, EventQuery, as_json
from askcam.features.events.tables import KeptBeside, open_database
from askcam.features.events.verdicts import EventVerdicts
from askcam.server.access.viewer import THE_SERVER, Viewer
from askcam.server.owed_events import OwedEvent
from askcam.server.storage.disk import Reserve, is_full, make_private, make_room
from askcam.server.storage.folder import FolderInUse, Lock
from askcam.server.wire.moments import rfc3339

log = logging.getLogger(__name__)

GIVE_WAY = 16  # pictures that go at once when the disk is full


Also = Callable[[sqlite3.Connection], None]  # what is written down with an event, in its transaction


class EventStore:
    """The one writer of a folder. Owned by one thread at a time; every method may raise sqlite3.Error."""

    def __init__(
        self,
        folder: Path,
        bounds: EventBounds,
        make_room: Callable[[Path], bool] = lambda folder: False,
        tables: Sequence[str] = (),
        beside: Sequence[KeptBeside] = (),
    ) -> None:
        """Makes what is missing. Raises WatchingError; FolderTaken while another process has the folder. `make_room`:
        have what is less important give way on a folder's full disk; says whether any did. `tables`: SQL of others',
        `beside`: what they keep of each event."""
        self._beside = beside
        self._folder, self._bounds, self._make_room = folder, bounds, make_room
        try:
            make_private(folder)
            self._lock = Lock(folder)
        except OSError as exc:
            raise EventLogError(f"cannot keep watches in {folder}: {exc.strerror}; name another folder") from exc
        except FolderInUse as exc:
            raise FolderTaken(
                f"another askcam keeps its watches in {folder}: end it, or name another folder under [watching]"
            ) from exc
        try:
            self._db = open_database(folder, tables)
            self.pictures = EventPictures(self._db)
        except BaseException:
            self._lock.release()
            raise
        self.front = FrontEvents(self._db)
        self.verdicts = EventVerdicts(self._db)
        self._reserve = Reserve(folder)
        self._reserve.take()

    @property
    def db(self) -> sqlite3.Connection:
        """For those who keep tables of their own about events, on the same thread."""
        return self._db

    def trouble(self) -> str | None:
        """What has become of its file; None: nothing. For any thread."""
        return self._db.trouble()

    def close(self) -> None:
        self._db.close()
        self._lock.release()

    def add(
        self, event: WatchEvent, at: float, shown: Shown | None, also: Also | None = None, epoch: int | None = None
    ) -> WatchEvent:
        """Write an event down, and `also` what belongs to it; return it with its id. `epoch`: under which a front has
        given the camera to this server. On a full disk old evidence gives way, then old pictures of events, and at last
        its own."""
        helps = iter((self._evidence_gives_way, self._pictures_give_way))
        while True:
            try:
                kept = self._add(event, at, shown, also, epoch)
                self._reserve.take()
                for other in self._beside:
                    other.kept(kept)
                return kept
            except sqlite3.OperationalError as exc:
                if not is_full(exc):
                    raise
                if any(helped() for helped in helps):  # each once
                    continue
                if shown is None:
                    raise
                log.error(
                    "the disk is full: this event is kept without its %s", "frames" if shown.frames else "picture"
                )
                shown = shown.plain() if shown.frames else None

    def _evidence_gives_way(self) -> bool:
        gone = self._make_room(self._folder)
        if gone:
            log.error("the disk is full: old evidence gives way")
        return gone

    def _pictures_give_way(self) -> bool:
        gone = make_room(self._db, self._reserve, self.pictures.drop, GIVE_WAY)
        if gone:
            log.error("the disk is full: old pictures give way")
        return gone > 0

    def _add(
        self, event: WatchEvent, at: float, shown: Shown | None, also: Also | None, epoch: int | None
    ) -> WatchEvent:
        with self._db:
            insert = "INSERT INTO events (watch, camera, at, document) VALUES (?, ?, ?, ?)"
            row = (event.watch, event.camera, at, msgspec.json.encode(event))
            number = self._db.execute(insert, row).lastrowid
            assert number is not None
            if shown is not None:
                self.pictures.put(number, shown)
            if also is not None:
                also(self._db)
            for other in self._beside:
                other.added(self._db, msgspec.structs.replace(event, id=number))
            if epoch is not None:
                self.front.owe(number, epoch)
            first = number - self._bounds.max_events
            missed = self.front.up_to(first)
            freed = self.pictures.up_to(first)
            self.verdicts.going(first)
            self._db.execute("DELETE FROM events WHERE id <= ?", (first,))
        self.front.num_missed += missed
        self.pictures.num_bytes += (0 if shown is None else shown.num_bytes) - freed
        while self.pictures.num_bytes > self._bounds.max_bytes and self.pictures.drop():
            pass
        return self._told(number, event, shown is not None, 0 if shown is None else len(shown.frames))

    def follow(self, number: int, after: Sequence[Reading]) -> None:
        """What was read since an event. No effect when it is gone."""
        row = self._db.execute("SELECT document FROM events WHERE id = ?", (number,)).fetchone()
        if row is None:
            return
        event = msgspec.structs.replace(msgspec.json.decode(row[0], type=WatchEvent), after=list(after))
        with self._db:
            self._db.execute("UPDATE events SET document = ? WHERE id = ?", (msgspec.json.encode(event), number))
            self.front.followed(number)

    def newest(self, limit: int, wanted: EventQuery | None = None) -> list[WatchEvent]:
        """Newest first."""
        return self._select((wanted or EventQuery()).rules(), "DESC", limit)

    def following(
        self,
        after: int,
        limit: int,
        *,
        watch: str | None,
        camera: str | None,
        own: bool | None = None,
        seen: frozenset[str] | None = None,
    ) -> list[WatchEvent]:
        """Oldest first: ids above `after`."""
        wanted: Mapping[str, Any] = {
            "id > ?": after, "watch = ?": watch, "camera = ?": camera, OWN: own, SEEN: as_json(seen)
        }  # fmt: skip
        return self._select({rule: value for rule, value in wanted.items() if value is not None}, "ASC", limit)

    def acknowledge(self, numbers: Sequence[int], at: float | None, viewer: Viewer = THE_SERVER) -> list[WatchEvent]:
        """A viewer has seen these events, at `at`; None: all the same nobody has. Returns those that are kept, as they
        are now. One that was seen before keeps its time; one of a camera that the viewer does not see is not there."""
        kept = [number for number in dict.fromkeys(numbers) if self.event(number, viewer) is not None]
        with self._db:
            if at is None:
                self._db.executemany("DELETE FROM acknowledgements WHERE event = ?", [(number,) for number in kept])
            else:
                insert = "INSERT OR IGNORE INTO acknowledgements (event, at) VALUES (?, ?)"
                self._db.executemany(insert, [(number, at) for number in kept])
        found = (self.event(number) for number in kept)
        return [event for event in found if event is not None]

    def judge(self, number: int, said: Judgement, at: float) -> WatchEvent | None:
        """Somebody has judged this event, at `at`. Returns it as it is now; None: it is not kept. One of a camera
        itself is not judged; one that was judged the same before keeps its time."""
        event = self.event(number)
        if event is None or event.watch is None or (event.verdict, event.note) == (said.verdict, said.note):
            return event
        self.verdicts.put(number, said, at)
        return self.event(number)

    def owed(self, limit: int) -> list[OwedEvent]:
        """What a front is still to be told: events before what was read since; each time the oldest first."""
        found = ((debt, self.event(debt.number)) for debt in self.front.owed(limit))
        return [_owed(debt, event) for debt, event in found if event is not None]

    def settled(self, events: Sequence[OwedEvent], fenced: Collection[int] = ()) -> None:
        """The front knows these, or never will. `fenced`: numbers of those that do not count there."""
        now = ((event, self.event(event.number)) for event in events)
        more = ((told.number, len(event.after) > told.num_after) for told, event in now if event is not None)
        self.front.settled(more, fenced)

    def event(self, number: int, viewer: Viewer = THE_SERVER) -> WatchEvent | None:
        """None: it is not kept, or not for this viewer."""
        found = self._select({"id = ?": number}, "ASC", 1)
        return found[0] if found and viewer.sees(found[0].camera) else None

    def first_id(self) -> int | None:
        """Of the oldest event that is kept."""
        (number,) = self._db.execute("SELECT min(id) FROM events").fetchone()
        return None if number is None else int(number)

    def last_id(self) -> int:
        """Of the newest event there ever was; 0 before the first."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return 0 if row is None else int(row[0])

    def _select(self, rules: Mapping[str, Any], order: str, limit: int) -> list[WatchEvent]:
        where = f" WHERE {' AND '.join(rules)}" if rules else ""
        rows = self._db.execute(
            "SELECT id, document, pictures.event IS NOT NULL, "
            "(SELECT count(*) FROM frames WHERE frames.event = events.id), acknowledgements.at, verdict, note, "
            "judgements.at FROM events LEFT JOIN judgements ON judgements.event = id "
            "LEFT JOIN pictures ON pictures.event = id LEFT JOIN acknowledgements ON acknowledgements.event = id "
            "LEFT JOIN front_events ON front_events.event = id"
            f"{where} ORDER BY id {order} LIMIT ?",
            (*rules.values(), limit),
        )
        decode: Callable[[bytes], WatchEvent] = msgspec.json.Decoder(WatchEvent).decode
        return [self._told(number, decode(document), *rest) for number, document, *rest in rows]

    def _told(
        self,
        number: int,
        event: WatchEvent,
        shown: bool,
        num_frames: int = 0,
        seen: float | None = None,
        verdict: Verdict | None = None,
        note: str | None = None,
        judged: float | None = None,
    ) -> WatchEvent:
        url = f"/v1/events/{number}/frame"
        frames = [EventFrame(frame.at, f"{url}s/{i}.jpg") for i, frame in enumerate(event.frames[:num_frames])]
        told = msgspec.structs.replace(
            event,
            id=number,
            frames=frames,
            frame_url=f"{url}.jpg" if shown else None,
            acknowledged_at=None if seen is None else rfc3339(seen),
            verdict=verdict,
            note=note,
            judged_at=None if judged is None else rfc3339(judged),
        )
        for other in self._beside:
            told = other.told(self._db, told)
        return told


def _owed(debt: Debt, event: WatchEvent) -> OwedEvent:
    clip = event.clip and EventClip("pending", f"/v1/events/{debt.number}/clip.mp4")  # the front asks how it stands
    said = {"acknowledged_at": None, "verdict": None, "note": None, "judged_at": None, "clip": clip}
    plain = msgspec.structs.replace(event, after=[], **said)  # the same however often it is told
    return OwedEvent(
        number=debt.number,
        camera=event.camera,
        epoch=debt.epoch,
        watch=event.watch,
        kind=event.kind,
        severity=event.severity,
        at=debt.at,
        document=msgspec.json.encode(plain) if debt.whole else None,
        after=msgspec.json.encode(event.after),
        num_after=len(event.after),
    )
