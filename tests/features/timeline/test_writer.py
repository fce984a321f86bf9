"""The writer over the real engine and the built-in model: scripted scenes become notes, and nobody's question waits."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.timeline_notes import entries

from askcam.client.timeline import TimelineEntry
from askcam.demo.builtin import model_path
from askcam.demo.drawings import STYLES, sprite
from askcam.demo.objects import Drawn, drawn_objects
from askcam.demo.render import placed, scaled, wall
from askcam.demo.scene import make_scene
from askcam.engine.errors import Busy
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.features.timeline.change_detector import NotePace
from askcam.features.timeline.config import TimelineConfig
from askcam.features.timeline.prompts import note_prompts
from askcam.features.timeline.questions import Questions
from askcam.features.timeline.thread import NoteThread
from askcam.features.timeline.writer import NoteWriter
from askcam.server.model import Model
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.shot import Shot
from askcam.stream.sources.push import PushedPicture
from askcam.stream.window import View, Window

EPOCH = 1_760_000_000.0
BACK = wall(make_scene(1).room)
CAT, APPLE = (next(drawn for drawn in drawn_objects() if drawn.en == name) for name in ("cat", "apple"))


def scene(*things: Drawn) -> Pixels:
    canvas = BACK.copy()
    for thing, place in zip(things, ((160.0, 160.0), (460.0, 320.0)), strict=False):
        drawing, rows, columns = placed(scaled(sprite(STYLES[0], thing.index), 150, 150), place)
        canvas[rows, columns] = canvas[rows, columns] * (1 - drawing[..., 3:]) + drawing[..., :3]
    return np.rint(canvas).clip(0, 255).astype(np.uint8)


class Scripted:
    """A camera (writer.Watched) that takes two pictures a second of what it is told to show."""

    def __init__(self, name: str, engine: Engine) -> None:
        self._name, self._engine, self.seq = name, engine, 0
        self._window = Window(name, engine.anchors, 2.0)
        self._shot: Shot | None = None
        self.looks = 0

    @property
    def name(self) -> str:
        return self._name

    def take(self, pixels: Pixels, sampled: bool = True) -> None:
        """One that is not sampled is the newest picture all the same."""
        at = self.seq / 2
        self._shot = Shot(self.name, self.seq, PushedPicture(EPOCH + at, at, AgeBasis.CAPTURE, pixels), None)
        if sampled:
            self._window.add(self._shot.fitted(self._engine.fit))
        self.seq += 1

    def window(self) -> View | None:
        return self._window.view()

    def look(self) -> View:
        assert self._shot is not None, "nobody looks before the first picture"
        self.looks += 1
        view = self._window.view(self._shot.fitted(self._engine.fit))
        assert view is not None
        return view

    def shot(self) -> Shot | None:
        return self._shot


class Stage:
    """One writer, its cameras and its store. `asking`: somebody does; `refusals`: answers of the disk to come."""

    def __init__(self, engine: Any, folder: Path, pace: NotePace, cameras: int = 1) -> None:
        model = Model("built-in")
        model.ready(engine)
        self.asking = False
        self.cameras = [Scripted(f"cam{i}", engine) for i in range(cameras)]
        self.keeping = NoteThread(TimelineConfig(folder=folder, time_zone="UTC"))
        questions = Questions(model, lambda: self.asking)
        words = note_prompts("en", plain=True)
        self.writer = NoteWriter(lambda: self.cameras, questions, self.keeping, words, pace, True, lambda: EPOCH)

    async def show(self, pixels: Pixels, frames: int = 6, sampled: bool = True) -> None:
        for _ in range(frames):
            for camera in self.cameras:
                camera.take(pixels, sampled)
            await self.writer.turn()

    async def notes(self) -> list[TimelineEntry]:
        """Oldest first."""
        return await self.keeping.do(lambda store: entries(store, level="note", oldest_first=True))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = open_engine(EngineConfig(str(model_path())))
    yield engine
    engine.close()


@pytest.fixture
async def stage(engine: Engine, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(engine, tmp_path, NotePace(min_interval_s=0))
    await stage.keeping.open()
    yield stage
    await stage.keeping.close()


async def test_scenes_become_notes_with_times_of_their_frames(stage: Stage) -> None:
    for things in ((), (CAT,), (CAT, APPLE), (CAT, APPLE), (APPLE,)):
        await stage.show(scene(*things))
    assert [note.text for note in await stage.notes()] == [
        "Nothing is to be seen.",
        "A cat appeared. To be seen: a cat.",
        "An apple appeared. To be seen: a cat, an apple.",
        "A cat disappeared. To be seen: an apple.",
    ]
    went = (await stage.notes())[-1]
    assert went.start == "2025-10-09T08:53:32.000000Z"  # the 24th half second
    assert stage.writer.outcomes["cam0", "noted"] == 4


async def test_what_looks_different_and_is_the_same_is_no_news(stage: Stage) -> None:
    await stage.show(scene(CAT))
    await stage.show(np.roll(scene(CAT), 60, axis=1))
    assert len(await stage.notes()) == 1
    assert stage.writer.outcomes["cam0", "same"] == 1


async def test_something_that_never_rests_is_gone_once_it_is(stage: Stage) -> None:
    """Whenever it goes: between two pictures of a pair, or between pairs; and it goes while a note of it is due."""
    await stage.show(scene())
    for frames in (9, 10, 9, 4, 4, 5):
        for at in range(frames):
            await stage.show(np.roll(scene(CAT), 60 * (at % 3), axis=1), 1)
        await stage.show(scene(), 8)
        assert [(note.appeared, note.disappeared) for note in (await stage.notes())[-2:]] == [
            (["a cat"], []),
            ([], ["a cat"]),
        ]


async def test_a_change_between_two_frames_that_are_sampled_long_apart_is_told(stage: Stage) -> None:
    await stage.show(scene(CAT), 5)  # an odd number: the last of them waits for its partner
    await stage.show(scene(), 6, sampled=False)
    assert [note.disappeared for note in await stage.notes()] == [[], ["a cat"]]


async def test_a_camera_that_is_sampled_rarely_has_a_picture_a_second_converted(stage: Stage) -> None:
    await stage.show(scene(CAT), 4)
    await stage.show(scene(CAT), 20, sampled=False)  # ten seconds
    assert 5 <= stage.cameras[0].looks <= 10


async def test_nothing_is_asked_while_somebody_asks_and_the_change_is_told_afterwards(stage: Stage) -> None:
    await stage.show(scene())
    stage.asking = True
    await stage.show(scene(CAT), 10)
    assert len(await stage.notes()) == 1
    assert stage.writer.outcomes["cam0", "gave_way"] > 0
    stage.asking = False
    await stage.show(scene(CAT), 1)
    note = (await stage.notes())[-1]
    assert note.appeared == ["a cat"]
    assert note.start == "2025-10-09T08:53:23.000000Z"  # when it came, not when it was asked


async def test_a_note_under_way_is_given_up_when_somebody_asks(engine: Engine, tmp_path: Path) -> None:
    class Slow:
        """The engine, whose questions for notes never end by themselves; cancelled ones are written down."""

        cancelled: list[int]

        def __init__(self) -> None:
            self.cancelled = []

        def __getattr__(self, name: str) -> Any:
            return getattr(engine, name)

        def ask(self, question: Any, on_event: Any) -> int:
            stage.asking = True  # from now on
            return 17

        def cancel(self, ticket: int) -> None:
            self.cancelled.append(ticket)

    slow = Slow()
    stage = Stage(slow, tmp_path, NotePace(min_interval_s=0))
    await stage.keeping.open()
    async with asyncio.timeout(60):
        await stage.show(scene(), 3)
    assert slow.cancelled == [17]
    assert stage.writer.outcomes["cam0", "gave_way"] == 1
    await stage.keeping.close()


async def test_a_full_queue_and_a_disk_that_refuses_are_counted_and_it_goes_on(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("askcam.features.timeline.writer.AGAIN_S", 0.0)
    stage = Stage(engine, tmp_path, NotePace(min_interval_s=0))
    await stage.keeping.open()

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(engine, name)

        def ask(self, question: Any, on_event: Any) -> int:
            raise Busy(32, 1.0)

    ours = stage.writer._questions._model
    ours.ready(Full())  # type: ignore[arg-type]
    await stage.show(scene(), 3)
    assert stage.writer.outcomes["cam0", "busy"] == 1
    ours.ready(engine)
    await stage.keeping.do(lambda store: store.db.execute("PRAGMA query_only = 1").fetchall())
    await stage.show(scene(), 3)
    assert stage.writer.outcomes["cam0", "refused"] == 3
    assert sum("cannot be kept now" in record.message for record in caplog.records) == 1
    assert await stage.notes() == []
    await stage.keeping.do(lambda store: store.db.execute("PRAGMA query_only = 0").fetchall())
    await stage.show(scene(), 1)
    (note,) = await stage.notes()
    assert note.start == "2025-10-09T08:53:20.000000Z"
    assert caplog.records[-1].message == "the timeline is kept again"
    await stage.keeping.close()


async def test_a_restart_goes_on_from_what_was_last_seen(engine: Engine, tmp_path: Path) -> None:
    for things in ((CAT, APPLE), (APPLE,)):
        stage = Stage(engine, tmp_path, NotePace(min_interval_s=0))
        await stage.keeping.open()
        await stage.show(scene(*things))
        notes = await stage.notes()
        await stage.keeping.close()
    assert [note.disappeared for note in notes] == [[], ["a cat"]]


async def test_many_cameras_are_each_told(engine: Engine, tmp_path: Path) -> None:
    stage = Stage(engine, tmp_path, NotePace(min_interval_s=0), cameras=4)
    await stage.keeping.open()
    await stage.show(scene())
    await stage.show(scene(CAT))
    notes = await stage.notes()
    assert sorted(note.camera for note in notes if note.appeared) == ["cam0", "cam1", "cam2", "cam3"]
    await stage.keeping.close()


async def test_a_broken_read_of_the_disk_is_not_the_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcam.features.timeline.writer.AGAIN_S", 0.0)

    def refuse(camera: str) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    await stage.keeping.do(lambda store: monkeypatch.setattr(store, "last_names", refuse))
    await stage.show(scene(CAT), 4)
    assert stage.writer.outcomes["cam0", "refused"] > 0
    monkeypatch.undo()
    stage.writer._desks["cam0"].not_before = 0.0
    await stage.show(scene(CAT), 1)
    assert len(await stage.notes()) == 1
