"""What is kept beside the events: how far they are published, and which retained messages this server has at which
broker. A topic is written down before it is published, and struck out after it was emptied: whoever is killed in
between empties it in the next life."""

import sqlite3
from collections.abc import Collection

TABLES = """
CREATE TABLE IF NOT EXISTS mqtt_cursors (
  broker TEXT PRIMARY KEY,       -- host and port
  cursor INTEGER NOT NULL        -- events up to this one are published, or not to be
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mqtt_retained (
  broker TEXT NOT NULL,
  topic TEXT NOT NULL,
  PRIMARY KEY (broker, topic)
) WITHOUT ROWID;
"""


class KeptAtBroker:
    """Owned by the thread that owns the database. Each method may raise sqlite3.Error, and then has changed nothing."""

    def __init__(self, db: sqlite3.Connection, broker: str) -> None:
        self._db, self._broker = db, broker

    def open(self, last_event: int) -> tuple[int, set[str]]:
        """The cursor and the topics, as they were left; a new broker's events begin after `last_event`."""
        with self._db:
            for statement in TABLES.split(";"):
                self._db.execute(statement)
            insert = "INSERT OR IGNORE INTO mqtt_cursors (broker, cursor) VALUES (?, ?)"
            self._db.execute(insert, (self._broker, last_event))
        (cursor,) = self._db.execute("SELECT cursor FROM mqtt_cursors WHERE broker = ?", (self._broker,)).fetchone()
        rows = self._db.execute("SELECT topic FROM mqtt_retained WHERE broker = ?", (self._broker,))
        return int(cursor), {str(topic) for (topic,) in rows}

    def moved(self, cursor: int) -> None:
        """Events up to `cursor` are published."""
        with self._db:
            self._db.execute("UPDATE mqtt_cursors SET cursor = ? WHERE broker = ?", (cursor, self._broker))

    def retains(self, topics: Collection[str]) -> None:
        """These are about to be published."""
        with self._db:
            insert = "INSERT OR IGNORE INTO mqtt_retained (broker, topic) VALUES (?, ?)"
            self._db.executemany(insert, [(self._broker, topic) for topic in topics])

    def emptied(self, topics: Collection[str]) -> None:
        """These are no longer there."""
        with self._db:
            delete = "DELETE FROM mqtt_retained WHERE broker = ? AND topic = ?"
            self._db.executemany(delete, [(self._broker, topic) for topic in topics])
