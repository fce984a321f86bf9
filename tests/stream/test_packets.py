"""Packets for those who want them as they are: told with their times, and never at the camera's expense."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from support.clip_packets import WALL, encoded, groups, plain_track
from support.hands import PATIENT, camera
from support.servers import clock
from support.servers.running import MiniRTSP
from support.waiting import until

from askcam.features.clips.cutting import cut
from askcam.features.clips.muxing import write
from askcam.stream.packets import MAX_AHEAD, EncodedPacket, PacketListeners, PacketTrack, ShownPackets
from askcam.stream.sources.registry import resolve


@pytest.fixture(scope="module")
def rtsp() -> Iterator[MiniRTSP]:
    with MiniRTSP("clock:320x240", "--fps", "10", "--gop", "5") as server:
        yield server


def test_an_rtsp_cameras_packets_are_told_as_they_come(rtsp: MiniRTSP) -> None:
    heard: list[EncodedPacket] = []
    lobby = camera(resolve(rtsp.url), PATIENT)
    unlisten = lobby.on_packet(heard.append)
    with lobby:
        until(lambda: len(heard) >= 12, "packets")
        unlisten()
        until(lambda: lobby.status().decoded >= 14, "more")
    (track,) = {packet.track for packet in heard}
    assert track.codec == "h264"
    assert heard[0].key
    assert sum(packet.key for packet in heard) < len(heard) / 3
    at = [packet.captured() for packet in heard]
    assert at == sorted(at)


def test_a_new_connection_is_another_track(rtsp: MiniRTSP) -> None:
    heard: list[EncodedPacket] = []
    lobby = camera(resolve(rtsp.url), PATIENT)
    lobby.on_packet(heard.append)
    with lobby:
        until(lambda: len(heard) >= 3, "packets")
        rtsp.tell("close")
        until(lambda: heard[-1].track is not heard[0].track, "another connection's")


def test_a_listener_that_fails_harms_nobody(rtsp: MiniRTSP, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[EncodedPacket] = []

    def fails(packet: EncodedPacket) -> None:
        raise ValueError("no")

    lobby = camera(resolve(rtsp.url), PATIENT)
    lobby.on_packet(fails)
    lobby.on_packet(heard.append)
    with lobby:
        until(lambda: len(heard) >= 3 and lobby.status().decoded >= 3, "both to go on")
    assert "a listener to its packets failed" in caplog.text


def test_a_films_packets_are_told_when_they_are_shown(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    write(cut(groups(plain_track("h264"), encoded("h264", 12, 6, bframes=2)), 0.0, 5.0), film)
    heard: list[EncodedPacket] = []
    lobby = camera(resolve(str(film)), PATIENT)
    lobby.on_packet(heard.append)
    with lobby:
        until(lambda: lobby.status().state.value == "ended", "its end")
        newest = lobby.newest()
    assert len(heard) == 12
    at = sorted(packet.captured() for packet in heard)
    steps = [after - before for before, after in pairwise(at)]
    assert steps == pytest.approx([0.1] * 11, abs=0.01)
    assert clock.age_s(newest.pixels, WALL + 1.1) == pytest.approx(0, abs=0.01)
    assert at[-1] == pytest.approx(newest.mono, abs=0.05)


def test_one_that_is_abandoned_tells_nobody() -> None:
    heard: list[EncodedPacket] = []
    counts = [True]
    listeners = PacketListeners("lobby", threading.Lock())
    assert listeners.while_counts(lambda: True) is None, "nobody is there"
    listeners.add(heard.append)
    tell = listeners.while_counts(lambda: counts[0])
    assert tell is not None
    packet = EncodedPacket(PacketTrack("h264", b"", 0, 0), b"x", True, lambda: 0.0)
    tell(packet)
    counts[0] = False
    tell(packet)
    assert heard == [packet]


def test_what_is_read_far_ahead_of_what_is_shown_is_bounded() -> None:
    heard: list[EncodedPacket] = []
    shown = ShownPackets(PacketTrack("h264", b"", 0, 0), heard.append)
    for i in range(MAX_AHEAD + 5):
        shown.read(b"%d" % i, False, i / 10)
    shown.read(b"", False, None)  # the end
    shown.shown(None, 50.0)  # its time is not known yet
    assert [packet.captured() for packet in heard[:2]] == [50.0, 50.0]
    assert (len(heard), heard[0].data) == (MAX_AHEAD, b"5")
    shown.read(b"a", True, 3.0)
    shown.shown(2.5, 60.0)
    assert heard[-1].captured() == 60.5
