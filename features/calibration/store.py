"""Calibrations on disk, in the events' database beside the watches: a watch that means something else loses its own."""

import sqlite3

CALIBRATIONS = "calibrations"  # the table

# Made where it is missing; an older file has it already.
TABLES = f"""
CREATE TABLE IF NOT EXISTS {CALIBRATIONS} (
  watch TEXT PRIMARY KEY,
  asks BLOB NOT NULL,            -- what the watch asked then (kept.asks)
  document BLOB NOT NULL         -- client.calibration.Calibration as JSON
) WITHOUT ROWID;
"""


class CalibrationStore:
    """Owned by the events' thread; every method may raise sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, watch: str) -> tuple[bytes, bytes] | None:
        """What the watch asked when it was calibrated, and the calibration as JSON."""
        row = self._db.execute("SELECT asks, document FROM calibrations WHERE watch = ?", (watch,)).fetchone()
        return None if row is None else (bytes(row[0]), bytes(row[1]))

    def put(self, watch: str, asks: bytes, document: bytes) -> None:
        with self._db:
            row = (watch, asks, document)
            self._db.execute("INSERT OR REPLACE INTO calibrations (watch, asks, document) VALUES (?, ?, ?)", row)

    def remove(self, watch: str) -> bool:
        """Whether there was one."""
        with self._db:
            return self._db.execute("DELETE FROM calibrations WHERE watch = ?", (watch,)).rowcount > 0
