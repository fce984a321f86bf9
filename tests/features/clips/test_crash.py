"""Killed at any moment: each clip plays whole, or is said to be missing; nothing else is left."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from support.clip_stage import clip_stage, play
from support.servers.running import MiniRTSP

from askcam.client.watches import WatchEvent
from askcam.features.clips.service import LOST

CHILD = Path(__file__).with_name("crashing.py")
LIVES = 4
SEED = 7


@pytest.fixture(scope="module")
def rtsp() -> Iterator[MiniRTSP]:
    with MiniRTSP("clock:640x480", "--fps", "10", "--gop", "10") as server:
        yield server


def live(folder: Path, uri: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(CHILD), str(folder), uri]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ids(child: "subprocess.Popen[str]", count: int) -> list[int]:
    """The next so many events."""
    assert child.stdout is not None
    found = list[int]()
    while len(found) < count:
        line = child.stdout.readline()
        assert line, "it ended by itself"
        found += [int(line)] if line.strip().isdigit() else []
    return found


async def all_events(folder: Path) -> list[WatchEvent]:
    async with clip_stage(folder) as stage:
        return await stage.log.read(lambda store: store.newest(1000), [])


def assert_whole(event: WatchEvent, folder: Path) -> bool:
    """Whether there is a clip, which then plays to its end."""
    assert event.clip is not None
    if event.clip.state == "missing":
        assert event.clip.why
        return False
    assert event.clip.state == "ready"
    data = (folder / "clips" / f"{event.id}.mp4").read_bytes()
    assert len(data) == event.clip.bytes
    at = datetime.fromisoformat(event.at).timestamp()
    played = play(data, at)
    assert played.walls[0] < at
    assert played.walls == sorted(played.walls)
    return True


async def test_each_clip_plays_or_is_missing_over_kills(tmp_path: Path, rtsp: MiniRTSP) -> None:
    chance, told = random.Random(SEED), set[int]()
    for _ in range(LIVES):
        child = live(tmp_path, rtsp.url)
        told |= set(ids(child, 6))
        await asyncio.sleep(chance.uniform(0, 0.5))  # at any moment
        child.kill()
        child.communicate(timeout=60)
    events = await all_events(tmp_path)
    assert told <= {event.id for event in events}, "what was told is lost"
    whole = [event for event in events if assert_whole(event, tmp_path)]
    lost = [event for event in events if event.clip and event.clip.why == LOST]
    assert len(whole) >= LIVES
    assert len(lost) >= LIVES, "it was killed while nothing was being made"
    clips = {f"{event.id}.mp4" for event in whole}
    assert {name for name in os.listdir(tmp_path / "clips") if name not in ("lock", "links.key")} == clips


async def test_one_that_is_stopped_makes_what_it_can(tmp_path: Path, rtsp: MiniRTSP) -> None:
    child = live(tmp_path, rtsp.url)
    told = ids(child, 3)
    child.communicate("stop\n", timeout=60)
    assert child.returncode == 0
    newest = {event.id: event for event in await all_events(tmp_path)}[told[-1]]
    assert assert_whole(newest, tmp_path)
    assert newest.clip is not None
    assert "stopped before its end" in str(newest.clip.why)


async def test_what_a_crash_leaves_in_the_folder_is_removed_and_what_is_gone_is_said(
    tmp_path: Path, rtsp: MiniRTSP
) -> None:
    child = live(tmp_path, rtsp.url)
    told = ids(child, 2)
    child.communicate("stop\n", timeout=60)
    folder = tmp_path / "clips"
    (folder / f"{told[0]}.mp4").unlink()
    for name in ("77.part", f"{told[1]}.part", "999.mp4"):
        (folder / name).write_bytes(b"half a clip")
    events = {event.id: event for event in await all_events(tmp_path)}
    gone = events[told[0]].clip
    assert gone is not None
    assert (gone.state, gone.why) == ("missing", "its file is no longer in the folder")
    assert assert_whole(events[told[1]], tmp_path)
    assert not {"77.part", f"{told[1]}.part", "999.mp4"} & set(os.listdir(folder))
