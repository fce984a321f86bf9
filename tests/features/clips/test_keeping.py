"""Clips on disk: what is beyond the bounds goes, a full disk has room for what matters more, and it is said."""

import asyncio
import errno
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.clip_stage import QUICK, ClipStage, clip_stage
from support.waiting import comes_true

from askcam.client.watches import EventClip

SHORT = replace(QUICK, before_s=0.5, after_s=0.2)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ClipStage]:
    async with clip_stage(tmp_path, SHORT) as built:
        built.open_camera("toy", "synthetic:3", fps=5)
        await built.held("toy", 1)
        yield built


async def made(stage: ClipStage) -> tuple[int, EventClip]:
    event, clip = await stage.settled((await stage.tell("toy")).id)
    return event.id, clip


async def clip_of(stage: ClipStage, number: int) -> EventClip:
    clip = (await stage.now(number)).clip
    assert clip is not None
    return clip


async def test_more_bytes_than_are_allowed_go_oldest_first(stage: ClipStage) -> None:
    first, clip = await made(stage)
    assert clip.bytes
    stage.clips._config = replace(stage.clips._config, max_bytes=int(clip.bytes * 2.5))
    others = [(await made(stage))[0] for _ in range(2)]
    await comes_true(lambda: not (stage.folder / "clips" / f"{first}.mp4").exists(), "the oldest to go")
    assert (await clip_of(stage, first)).why == "it gave way to newer ones (max_bytes)"
    assert [(await clip_of(stage, number)).state for number in others] == ["ready", "ready"]
    await comes_true(lambda: stage.clips.count == 2, "those that are left to be counted")
    assert stage.clips.outcomes == {"ready": 3, "missing": 0}


async def test_what_is_too_old_goes(stage: ClipStage) -> None:
    first, _ = await made(stage)
    stage.clips._config = replace(stage.clips._config, max_days=1e-9)
    await stage.clips._prune()
    clip = await clip_of(stage, first)
    assert (clip.state, clip.url, clip.link, clip.why) == ("missing", None, None, "it was older than max_days")
    assert not (stage.folder / "clips" / f"{first}.mp4").exists()


async def test_on_a_full_disk_the_oldest_gives_way_to_a_new_one(
    stage: ClipStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = await made(stage)
    room = iter([False, True])
    monkeypatch.setattr("askcam.features.clips.folder.ClipFolder.has_room", lambda *_: next(room))
    second, clip = await made(stage)
    assert clip.state == "ready"
    assert (await clip_of(stage, first)).why == "it gave way on a full disk"
    monkeypatch.setattr("askcam.features.clips.folder.ClipFolder.has_room", lambda *_: False)
    _, clip = await made(stage)
    assert (clip.state, clip.why) == ("missing", "there was no room on the disk")
    assert (await clip_of(stage, second)).state == "missing"


async def test_a_disk_that_fills_up_amid_a_clip_leaves_nothing(
    stage: ClipStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(found: object, path: Path) -> int:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("askcam.features.clips.making.write", full)
    _, clip = await made(stage)
    assert (clip.state, clip.why) == ("missing", "there was no room on the disk")
    assert not [each for each in (stage.folder / "clips").iterdir() if each.suffix in (".part", ".mp4")]


async def test_any_other_failure_is_said_and_the_next_one_is_made(
    stage: ClipStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("askcam.features.clips.making.write", breaks)
    _, clip = await made(stage)
    assert (clip.state, clip.why) == ("missing", "making it failed: ZeroDivisionError")
    monkeypatch.undo()
    assert (await made(stage))[1].state == "ready"


async def test_something_more_important_is_given_room(stage: ClipStage) -> None:
    first, _ = await made(stage)
    await comes_true(lambda: stage.clips.count == 1, "it to be counted")
    assert await asyncio.to_thread(stage.clips.give_way, stage.folder)
    await comes_true(lambda: stage.clips.count == 0, "it to be counted out")
    assert (await clip_of(stage, first)).why == "it gave way on a full disk"
    assert not await asyncio.to_thread(stage.clips.give_way, stage.folder)


async def test_a_clip_goes_with_its_event(stage: ClipStage) -> None:
    first, _ = await made(stage)
    await stage.log.write(lambda store: store.db.execute("DELETE FROM events") and store.db.commit())
    ready = await stage.log.read(lambda store: store.db.execute("SELECT count(*) FROM clips").fetchone()[0], 1)
    assert ready == 0
    await stage.clips._remove_unknown()
    assert not (stage.folder / "clips" / f"{first}.mp4").exists()
