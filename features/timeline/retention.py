"""How much of the timeline is kept: detail goes first, so that old days are told shortly before they are forgotten."""

import logging
import sqlite3
from datetime import tzinfo
from itertools import pairwise

from askcam.features.timeline.config import TimelineBounds
from askcam.features.timeline.times import Level, span

log = logging.getLogger(__name__)

DAY_S = 86_400.0
EVERY_S = 600.0  # between two looks for what is too old
BATCH = 16  # of what is there, one part in so many goes at once where bytes are short
LEVELS = tuple(Level)
COARSER = dict(pairwise(LEVELS))


class Retention:
    """Owned by the store's thread; every method may raise sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection, bounds: TimelineBounds, where: tzinfo | None) -> None:
        self._db, self._bounds, self._where = db, bounds, where
        self._looked: float | None = None
        (self._page,) = db.execute("PRAGMA page_size").fetchone()

    @property
    def num_bytes(self) -> int:
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        return int(pages) * int(self._page)

    def keep(self, now: float) -> None:
        """Let go of what is beyond the bounds, at `now`, seconds since the epoch."""
        if self._looked is None or not 0 <= now - self._looked < EVERY_S:  # or the clock was set back
            self._looked = now
            for level in LEVELS:
                days = self._bounds.detail_days if level in (Level.NOTE, Level.MINUTE) else self._bounds.max_days
                self._drop_before(level, max(0.0, now - days * DAY_S))
        while self.num_bytes > self._bounds.max_bytes and self._drop_oldest():
            pass

    def drop_pictures(self, count: int) -> int:
        """The oldest ones; returns how many there were."""
        with self._db:
            oldest = "SELECT entry FROM pictures ORDER BY entry LIMIT ?"
            return self._db.execute(f"DELETE FROM pictures WHERE entry IN ({oldest})", (count,)).rowcount

    def _drop_oldest(self) -> bool:
        """Some of the finest level that there is; False: nothing is left."""
        for level in LEVELS:
            (count,) = self._db.execute("SELECT count(*) FROM entries WHERE level = ?", (level,)).fetchone()
            if count == 0:
                continue
            find = "SELECT start FROM entries WHERE level = ? ORDER BY start LIMIT 1 OFFSET ?"
            (last,) = self._db.execute(find, (level, max(0, count // BATCH - 1))).fetchone()
            coarser = COARSER.get(level)
            end = last + 1e-3 if coarser is None else span(coarser, last, self._where)[1]
            log.info("the timeline is larger than max_bytes: its oldest %ss go", level)
            return self._drop_before(level, end, whole=True) > 0
        return False

    def _drop_before(self, level: Level, end: float, whole: bool = False) -> int:
        """Entries of a level that begin before `end`, by whole minutes, hours or days of the level above, which from
        then on stand alone for them; returns how many went. `whole`: `end` is such a border already."""
        coarser = COARSER.get(level)
        if coarser is not None and not whole:
            end = span(coarser, end, self._where)[0]
        old = "level = ? AND start < ?"
        with self._db:
            gone = f"DELETE FROM words WHERE rowid IN (SELECT id FROM entries WHERE {old})"
            self._db.execute(gone, (level, end))
            count = self._db.execute(f"DELETE FROM entries WHERE {old}", (level, end)).rowcount
            if count and coarser is not None:
                self._db.execute(f"UPDATE entries SET alone = 1 WHERE {old}", (coarser, end))
            if count and whole:
                self._db.execute("INSERT INTO words (words) VALUES ('optimize')")  # or the index keeps what is gone
        return count
