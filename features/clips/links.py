"""Links to clips for those who have no token: signed, and over after a while. Pure, but for the key's file."""

import base64
import contextlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from askcam.server.storage.disk import open_private

KEY_BYTES = 32
SIGNATURE = re.compile(r"[A-Za-z0-9_-]{43}")
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAME = "links.key"


def read_key(folder: Path) -> bytes:
    """The folder's key, made if there is none. Raises OSError."""
    path = folder / NAME
    with contextlib.suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
    key, aside = secrets.token_bytes(KEY_BYTES), path.with_suffix(".part")
    with os.fdopen(open_private(aside), "wb") as file:
        file.truncate()
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return key


@dataclass(frozen=True, slots=True)
class ClipLinks:
    """Any thread."""

    key: bytes
    life_s: float

    def path(self, event: int, at: str) -> str:
        """Of the clip of an event that was decided `at` (RFC 3339); the same whenever it is asked."""
        when = microseconds(at)
        until = int(when / 1e6 + self.life_s)
        return f"/clips/{event}.mp4?at={when}&until={until}&key={self._sign(event, str(when), str(until))}"

    def opens(self, event: int, at: str, until: str, signature: str, now: float) -> bool:
        """Whether what a link says is ours, and it is not over `now`."""
        if not (NUMBER.fullmatch(at) and NUMBER.fullmatch(until) and SIGNATURE.fullmatch(signature)):
            return False
        good = hmac.compare_digest(self._sign(event, at, until), signature)
        return good and now < int(until) <= int(at) / 1e6 + self.life_s

    def _sign(self, event: int, at: str, until: str) -> str:
        """The event's time is signed, too: a database that was begun anew has other events of the same ids."""
        told = f"askcam clip\n{event}\n{at}\n{until}".encode()
        return base64.urlsafe_b64encode(hmac.digest(self.key, told, "sha256")).decode().rstrip("=")


def microseconds(at: str) -> int:
    """RFC 3339 as microseconds since the epoch."""
    return round((datetime.fromisoformat(at) - EPOCH) / timedelta(microseconds=1))
