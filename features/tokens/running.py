"""Made tokens in one running server: those of the file, within a second or so of their being made or revoked."""

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path

from askcam.features.tokens.made import MadeToken, TokensError, read
from askcam.server.core import Core
from askcam.server.lifecycle import ended
from askcam.server.people_config import MADE
from askcam.server.running import Running

log = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks at the file

Mark = tuple[int, int, int]  # of a file that was renamed into its place: inode, bytes, nanoseconds


class TokensRunning(Running):
    """A broken file leaves all as it was; one that is gone, after it was there, revokes all that it held."""

    def __init__(self, core: Core, folder: Path | None, taken: Collection[str]) -> None:
        """`folder` None: there is no user whose folders could be used. `taken`: names of tokens in the config."""
        self._core, self._folder, self._taken = core, folder, frozenset(taken)
        self._mark: Mark | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises TokensError."""
        if self._folder is not None:
            await self.look()
            self._task = asyncio.create_task(self._run(), name="askcam-tokens")

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await ended(task)

    async def look(self) -> None:
        """Take the file as it is now. Raises TokensError."""
        found = await asyncio.to_thread(self._changed)
        if found is None:
            return
        self._mark, tokens = found
        living = [each for each in tokens if each.revoked is None]
        for each in living:
            if each.name in self._taken:
                log.error("the made token %r is not taken: [tokens.%s] is another one", each.name, each.name)
        gone = self._core.auth.made([each.named() for each in living if each.name not in self._taken])
        for viewer in gone:
            log.warning("the token %r is revoked: what it has open ends", viewer.name)
            self._core.visits.end(viewer)
            self._core.sessions.end_of(viewer.owner)

    def _changed(self) -> tuple[Mark | None, tuple[MadeToken, ...]] | None:
        """What the file says; None: what it said before. On a thread."""
        assert self._folder is not None
        try:
            stat = (self._folder / MADE).stat()
            mark: Mark | None = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        except FileNotFoundError:
            mark = None
        except OSError as exc:
            raise TokensError(f"cannot look at {self._folder / MADE}: {exc.strerror}") from exc
        return None if mark == self._mark else (mark, read(self._folder))

    async def _run(self) -> None:
        said = ""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
                said = ""
            except TokensError as exc:
                if said != str(exc):
                    said = str(exc)
                    log.error("tokens stay as they were: %s", exc)
