"""The one task that writes notes: it sees which scenes have changed, asks what they show, and writes down what is news.

All sampled frames of a camera are looked at, also those that came while the model was busy: a window holds the last
seconds. Looking takes place in a thread, and costs a fraction of a millisecond for each frame.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from askcam.engine.errors import Busy, EngineError
from askcam.features.timeline.change_detector import Due, NotePace, Noticing
from askcam.features.timeline.note import Note, describe
from askcam.features.timeline.prompts import NotePrompts, sentence_of
from askcam.features.timeline.questions import GaveWay, Questions
from askcam.features.timeline.thread import NoteThread
from askcam.server.errors import Refusal
from askcam.server.pictures import encode
from askcam.stream.errors import StreamError
from askcam.stream.frame import Frame, Pixels
from askcam.stream.scene import CHANGED, blocks, share_apart
from askcam.stream.shot import Shot
from askcam.stream.window import Pair, View

log = logging.getLogger(__name__)

LOOK_S = 0.5  # how often cameras are looked at
AGAIN_S = 5.0  # before a scene is asked about again, or written down again, when that failed
REST_S = 1.0  # after something unforeseen
WIDTH, QUALITY = 320, 70  # of pictures, JPEG
LATELY_S = 1.0  # between the newest frame that was seen and the newest picture
NEAR_S = 1.0  # a full picture so near to the frame that the model saw shows the same


class Watched(Protocol):
    """What is wanted of a camera; stream.Camera is one."""

    @property
    def name(self) -> str: ...

    def window(self) -> View | None: ...

    def look(self) -> View: ...

    def shot(self) -> Shot | None: ...


@dataclass(slots=True, eq=False)
class NoteTaker:
    """One camera, and what was last written of it."""

    noticing: Noticing
    names: tuple[str, ...] | None = None
    loaded: bool = False  # the names that an earlier life wrote
    due: Due | None = None
    view: View | None = None  # that holds `due.frame` last
    due_since: float = 0.0  # steady seconds
    not_before: float = 0.0


class NoteWriter:
    """Owned by the event loop."""

    def __init__(
        self,
        cameras: Callable[[], Iterable[Watched]],
        questions: Questions,
        keeping: NoteThread,
        prompts: NotePrompts,
        pace: NotePace,
        pictures: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`cameras`: those of which notes are written; `now`: seconds since the epoch."""
        self._cameras, self._questions, self._keeping, self._prompts = cameras, questions, keeping, prompts
        self._pace, self._pictures, self._now = pace, pictures, now
        self._desks: dict[str, NoteTaker] = {}
        self._full = False  # the disk refused the last note
        self.outcomes: Counter[tuple[str, str]] = Counter()  # by camera: noted, same, gave_way, busy, failed, refused

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.turn()
            except Exception:  # one bad moment must not end the timeline
                log.exception("something unforeseen while writing the timeline; it goes on")
                await asyncio.sleep(REST_S)
            await asyncio.sleep(LOOK_S)

    async def turn(self) -> None:
        """Look at all cameras, and describe the scenes that are due: the one that waits longest first."""
        cameras = {camera.name: camera for camera in self._cameras()}
        for name in self._desks.keys() - cameras.keys():
            del self._desks[name]
            for place in [place for place in self.outcomes if place[0] == name]:
                del self.outcomes[place]
        for name in cameras.keys() - self._desks.keys():
            self._desks[name] = NoteTaker(Noticing(self._pace))
        await asyncio.to_thread(self._look, tuple(cameras.values()))
        at = time.monotonic()
        due = [name for name, desk in self._desks.items() if desk.due is not None and at >= desk.not_before]
        for name in sorted(due, key=lambda name: self._desks[name].due_since):
            if not await self._describe(cameras[name], self._desks[name]):
                break

    def passed(self) -> int:
        """Changes that were gone again before they could be told."""
        return sum(desk.noticing.passed for desk in self._desks.values())

    def _look(self, cameras: tuple[Watched, ...]) -> None:
        """In a thread; the event loop waits for it."""
        for camera in cameras:
            desk = self._desks[camera.name]
            view = _newest_view(camera, desk.noticing)
            if view is None:
                continue
            for frame in _unique(view.frames):
                if frame.seq <= desk.noticing.last_seq:
                    continue
                due = desk.noticing.see(frame)
                if due is not None and desk.due is None:
                    desk.due_since = time.monotonic()
                desk.due, desk.view = due, view

    async def _describe(self, camera: Watched, desk: NoteTaker) -> bool:
        """Whether the next camera may be described, too: False while somebody asks."""
        due, view = desk.due, desk.view
        assert due is not None, "only what is due"
        assert view is not None, "what is due was seen"
        try:
            if not desk.loaded:
                desk.names = await self._keeping.do(lambda store: store.last_names(camera.name))
                desk.loaded = True
            names, sentence = await self._ask(view, due.frame)
            note = describe(camera.name, (due.since.wall, due.frame.wall), desk.names, names, sentence, self._prompts)
            if note is None:
                self._count(camera.name, "same")
            else:
                await self._write(camera, note, due.frame)
        except GaveWay:
            self._count(camera.name, "gave_way")
            return False
        except (EngineError, Refusal) as exc:
            self._count(camera.name, "busy" if isinstance(exc, Busy) else "failed")
            log.info("no note of %s: %s", camera.name, exc)
            desk.not_before = time.monotonic() + AGAIN_S
            return not isinstance(exc, Busy)
        except (sqlite3.Error, OSError) as exc:
            self._count(camera.name, "refused")
            if not self._full:
                log.error("the timeline cannot be kept now (%s): it goes on once it can", exc)
            self._full = True
            desk.not_before = time.monotonic() + AGAIN_S
            return True
        desk.noticing.noted(due)
        desk.names, desk.due = names, None
        return True

    async def _ask(self, view: View, newest: Frame) -> tuple[tuple[str, ...], str]:
        frames = await asyncio.to_thread(_like, newest, view.pairs[-self._prompts.num_pairs :])
        names = self._prompts.names(await self._questions.ask(self._prompts.things, frames, view.fps))
        if self._prompts.sentence is None:
            return names, ""
        return names, sentence_of(await self._questions.ask(self._prompts.sentence, frames, view.fps))

    async def _write(self, camera: Watched, note: Note, frame: Frame) -> None:
        """Raises sqlite3.Error and OSError."""
        jpeg = await asyncio.to_thread(_picture, frame, camera.shot()) if self._pictures else None
        await self._keeping.do(lambda store: store.add(note, jpeg, self._now()))
        if self._full:
            log.warning("the timeline is kept again")
        self._full = False
        self._count(note.camera, "noted")

    def _count(self, camera: str, outcome: str) -> None:
        self.outcomes[camera, outcome] += 1


def _newest_view(camera: Watched, noticing: Noticing) -> View | None:
    """Of what was sampled; with the newest picture taken in where none was seen lately, as where nothing moves, or the
    model holds few frames: a scene that rests would be described when the next one is sampled. It is converted for this
    alone, so that is done once in LATELY_S at most."""
    view, shot = camera.window(), camera.shot()
    if view is None or shot is None:
        return view
    if shot.picture.mono - max(view.newest.mono, noticing.last_mono) >= LATELY_S:
        with contextlib.suppress(StreamError):  # it was lost just now
            return camera.look()
    return view


def _unique(frames: tuple[Frame, ...]) -> Iterable[Frame]:
    """A provisional pair holds its last frame twice."""
    return {frame.seq: frame for frame in frames}.values()


def _like(newest: Frame, pairs: tuple[Pair, ...]) -> list[Pixels]:
    """Of the pairs at the end that show the scene as the newest frame does: whoever is still to be seen in an older one
    may have left. That frame twice where none does, as where frames are sampled rarely or something moves."""
    frames: list[Pixels] = []
    now = blocks(newest.pixels)
    for pair in reversed(pairs):
        both = [pair.first.pixels, pair.second.pixels]
        if any(share_apart(blocks(pixels), now) >= CHANGED for pixels in both):
            break
        frames = both + frames
    return frames or [newest.pixels] * 2


def _picture(frame: Frame, shot: Shot | None) -> bytes:
    """A small JPEG of what the model saw; in the camera's own proportions where that picture is still at hand."""
    if shot is not None and abs(shot.picture.wall - frame.wall) <= NEAR_S:
        try:
            return encode(shot.full().pixels, QUALITY, WIDTH)
        except StreamError as exc:
            log.info("the full picture cannot be had: %s", exc)
    return encode(frame.pixels, QUALITY, WIDTH)
