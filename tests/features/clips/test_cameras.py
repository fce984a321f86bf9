"""Clips of real cameras: what the clock in their pictures says is the span that was asked for, whatever happens."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from support.clip_stage import GOP_S, QUICK, ClipStage, clip_stage, play
from support.servers.running import MiniRTSP, MJPEGServer
from support.waiting import comes_true

from askcam.client.watches import EventClip, WatchEvent
from askcam.features.clips.config import OPTION
from askcam.features.clips.service import MAX_PENDING
from askcam.features.events.follow import follow
from askcam.features.events.subscribers import Clipped
from askcam.server.camera_use import CameraUse
from askcam.stream.masks import Masks

SCENE = "clock:640x480"
FPS = 10
CORNER = Masks((((0.95, 0.95), (1.0, 0.95), (1.0, 1.0)),))  # beside the clock
NEAR_S = 0.5  # how well a frame's time is known here, on a busy machine


@pytest.fixture(scope="module")
def rtsp() -> Iterator[MiniRTSP]:
    with MiniRTSP(SCENE, "--fps", str(FPS), "--gop", str(FPS)) as server:
        yield server


@pytest.fixture(scope="module")
def mjpeg() -> Iterator[MJPEGServer]:
    with MJPEGServer(SCENE, "--fps", str(FPS)) as server:
        yield server


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ClipStage]:
    async with clip_stage(tmp_path) as built:
        yield built


def seconds(moment: str | None) -> float:
    assert moment is not None
    return datetime.fromisoformat(moment).timestamp()


def assert_span(stage: ClipStage, event: WatchEvent, clip: EventClip, gop_s: float = GOP_S) -> None:
    """The clock in the pictures spans what was asked for, within a group, and the event tells so."""
    assert (clip.state, clip.why) == ("ready", None)
    played = play(stage.data(event.id), seconds(event.at))
    assert len(stage.data(event.id)) == clip.bytes
    wanted = seconds(event.frame_at) - QUICK.before_s, seconds(event.at) + QUICK.after_s
    assert played.walls == sorted(played.walls)
    assert wanted[0] - gop_s - NEAR_S <= played.walls[0] <= wanted[0] + NEAR_S
    assert wanted[1] - 2 / FPS - NEAR_S <= played.walls[-1] <= wanted[1] + NEAR_S
    assert seconds(clip.start) == pytest.approx(played.walls[0], abs=NEAR_S)
    assert seconds(clip.end) == pytest.approx(played.walls[-1], abs=NEAR_S)
    begun = [wall - played.walls[0] for wall in played.walls]
    assert played.times == pytest.approx(begun, abs=NEAR_S), "it runs at another pace than time did"


async def test_an_rtsp_cameras_clip_is_its_own_packets_from_before_the_event(stage: ClipStage, rtsp: MiniRTSP) -> None:
    stage.open_camera("gate", rtsp.url)
    await stage.held("gate", 3)
    told = await stage.tell("gate")
    assert told.clip is not None
    assert (told.clip.state, told.clip.url) == ("pending", f"/v1/events/{told.id}/clip.mp4")
    assert told.clip.link is not None
    event, clip = await stage.settled(told.id)
    assert clip.link == told.clip.link, "a link that was sent opens nothing any more"
    assert_span(stage, event, clip)


async def test_overlapping_events_have_clips_of_their_own_and_followers_are_told(
    stage: ClipStage, rtsp: MiniRTSP
) -> None:
    stage.open_camera("gate", rtsp.url)
    await stage.held("gate", 3)
    heard: list[WatchEvent] = []

    async def listen() -> None:
        async for news in follow(stage.log, None, None, "gate", 60):
            if isinstance(news, Clipped):
                heard.append(news.event)

    listening = asyncio.create_task(listen())
    await comes_true(lambda: len(stage.log.readers) > 0, "somebody who follows")
    first, second = await stage.tell("gate"), await stage.tell("gate")
    for told in (first, second):
        assert_span(stage, *await stage.settled(told.id))
    await comes_true(lambda: len(heard) == 2, "both to be told")
    assert [event.clip and event.clip.state for event in heard] == ["ready", "ready"]
    listening.cancel()


async def test_a_camera_of_jpegs_has_clips_that_a_browser_plays(stage: ClipStage, mjpeg: MJPEGServer) -> None:
    stage.open_camera("yard", mjpeg.url)
    await stage.held("yard", 2)
    event, clip = await stage.settled((await stage.tell("yard")).id)
    assert_span(stage, event, clip, gop_s=1 / FPS)
    assert play(stage.data(event.id), seconds(event.at)).codec == "h264"


@pytest.mark.parametrize("how", ["no packets", "masked", "opencv"])
async def test_a_camera_without_packets_has_clips_of_its_pictures(stage: ClipStage, rtsp: MiniRTSP, how: str) -> None:
    camera = stage.open_camera(
        "lobby", {"no packets": "synthetic:3", "opencv": f"{rtsp.url}?via=opencv"}.get(how, rtsp.url)
    )
    if how == "masked":
        camera.mask(CORNER)
    await stage.held("lobby", 2)
    event, clip = await stage.settled((await stage.tell("lobby")).id)
    assert (clip.state, clip.why) == ("ready", None)
    played = play(stage.data(event.id), seconds(event.at), read=how == "masked")
    assert played.codec == "h264"
    assert 2 <= len(played.times) <= 2 * (QUICK.before_s + QUICK.after_s + 2)
    footage = stage.clips._footage["lobby"]
    assert {group.track.codec for group in footage.ring.groups()} == {"mjpeg"}
    assert footage.by_pictures == {"masked": "parts of its picture are masked"}.get(how, "its source has no packets")


async def test_what_was_held_goes_at_once_whenever_other_parts_are_masked(stage: ClipStage, rtsp: MiniRTSP) -> None:
    camera = stage.open_camera("gate", rtsp.url)
    await stage.held("gate", 2)
    footage = stage.clips._footage["gate"]
    for masks in (CORNER, Masks((((0.9, 0.0), (1.0, 0.0), (1.0, 0.1)),))):
        before = {id(packet) for group in footage.ring.groups() for packet in group.packets}
        camera.mask(masks)
        assert not before & {id(packet) for group in footage.groups() for packet in group.packets}
        await comes_true(lambda: {group.track.codec for group in footage.groups()} == {"mjpeg"}, "pictures instead")
    camera.mask(Masks(()))
    assert list(footage.groups()) == []
    await comes_true(lambda: {group.track.codec for group in footage.groups()} == {"h264"}, "packets again")


async def test_a_camera_that_is_lost_amid_a_clip_and_comes_back(tmp_path: Path) -> None:
    with MiniRTSP(SCENE, "--fps", str(FPS), "--gop", str(FPS)) as server:
        async with clip_stage(tmp_path) as stage:
            stage.open_camera("gate", server.url)
            await stage.held("gate", 2)
            server.kill()
            told = await stage.tell("gate")
            event, clip = await stage.settled(told.id)
            assert (clip.state, clip.why) == ("ready", "the camera sent nothing until its end")
            assert seconds(clip.end) < seconds(event.at) + NEAR_S
            over = seconds(clip.end) + QUICK.before_s
            await comes_true(lambda: time.time() > over, "a span of which there is nothing")
            after = await stage.tell("gate")  # nobody is there
            _, none = await stage.settled(after.id)
            assert none.state == "missing"
            assert none.url is None
            assert "was lost" in str(none.why)
            server.start()
            ring = stage.clips._footage["gate"].ring
            track = ring.groups()[-1].track
            await comes_true(lambda: ring.groups()[-1].track is not track, "the camera to be back")
            both = await stage.tell("gate", seen=seconds(event.at))
            _, clip = await stage.settled(both.id)
            played = play(stage.data(both.id), seconds(event.at))
            assert max(b - a for a, b in zip(played.times, played.times[1:], strict=False)) > 1, "no pause in it"
            assert seconds(clip.start) < seconds(event.at) < seconds(clip.end)


async def test_a_film_that_is_played_again_and_again_has_clips(tmp_path: Path, stage: ClipStage) -> None:
    from support.clip_packets import encoded, groups, plain_track

    from askcam.features.clips.cutting import cut
    from askcam.features.clips.muxing import write

    film = tmp_path / "film.mp4"
    film.touch()
    write(cut(groups(plain_track("h264"), encoded("h264", 16, 8, bframes=2)), 0.0, 5.0), film)
    stage.open_camera("film", f"{film}?loop=1")
    await stage.held("film", 3)
    event, clip = await stage.settled((await stage.tell("film")).id)
    assert (clip.state, clip.why) == ("ready", None)
    played = play(stage.data(event.id), seconds(event.at), read=False)
    assert played.times[-1] == pytest.approx(QUICK.before_s + QUICK.after_s, abs=2.0)
    steps = [after - before for before, after in zip(played.times, played.times[1:], strict=False)]
    assert max(steps) < 0.5, "its rounds do not follow each other"


async def test_cameras_that_want_none_have_none_and_no_memory(stage: ClipStage, rtsp: MiniRTSP) -> None:
    stage.open_camera("gate", rtsp.url, CameraUse(options={OPTION: False}))
    told = await stage.tell("gate")
    assert told.clip is None
    assert stage.clips._footage == {}


async def test_more_than_so_many_are_not_promised(stage: ClipStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.open_camera("lobby", "synthetic:3")
    await stage.held("lobby", 1)
    monkeypatch.setattr("askcam.features.clips.service.MAX_PENDING", 3)
    told = [await stage.tell("lobby") for _ in range(5)]
    await asyncio.sleep(0)
    states = [event.clip and event.clip.state for event in told]
    assert states[0] == "pending"
    assert states[-1] == "missing"
    assert f"{MAX_PENDING} clips were waiting" in str(told[-1].clip and told[-1].clip.why)


async def test_memory_is_shared_among_cameras(tmp_path: Path) -> None:
    from dataclasses import replace

    async with clip_stage(tmp_path, replace(QUICK, memory_bytes=9 << 20, camera_memory_bytes=4 << 20)) as stage:
        rings = []
        for number in range(3):
            stage.open_camera(f"toy{number}", f"synthetic:{number}")
            rings.append(stage.clips._footage[f"toy{number}"].ring)
        assert [ring._max_bytes for ring in rings] == [3 << 20] * 3
        await stage.close_camera("toy0")
        assert [ring._max_bytes for ring in rings[1:]] == [4 << 20] * 2


async def test_a_removed_camera_is_no_longer_heard(stage: ClipStage, rtsp: MiniRTSP) -> None:
    camera = stage.open_camera("gate", rtsp.url)
    await stage.held("gate", 1)
    told = await stage.tell("gate")
    await stage.close_camera("gate")
    assert list(camera._packets._all) == []
    _, clip = await stage.settled(told.id)
    assert clip.state == "ready"
