"""Cameras over HTTP: endless JPEGs, playlists, and a missing page."""

import functools
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from support.clips import write_clip
from support.hands import camera, state_is, view_of
from support.servers import clock
from support.servers.running import MJPEGServer
from support.servers.sites import Reply, Web
from support.waiting import until

from askcam.stream.camera import CameraConfig, State
from askcam.stream.errors import SourceError
from askcam.stream.frame import AgeBasis
from askcam.stream.sources.address import split
from askcam.stream.sources.http_get import Getter
from askcam.stream.sources.registry import resolve


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """A test's output is the test's."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Serves tmp_path; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_endless_jpegs_are_a_camera_which_comes_back_after_a_restart() -> None:
    with MJPEGServer("clock:640x480") as server, camera(resolve(server.url), CameraConfig()) as lobby:
        view = until(lambda: view_of(lobby), "a view")
        assert clock.age_s(view.newest.pixels, time.time()) < 1
        assert view.newest.basis is AgeBasis.ARRIVAL
        server.kill()
        until(lambda: not state_is(lobby, State.LIVE), "the loss")
        server.start()
        view = until(lambda: view_of(lobby), "a view")
        assert clock.age_s(view.newest.pixels, time.time()) < 1


def test_a_missing_page_is_named() -> None:
    with MJPEGServer("clock:320x240") as server, camera(resolve(server.url + "x"), CameraConfig()) as lobby:
        until(lambda: "404" in str(lobby.status().reason), "the reason")


def test_a_playlist_is_played_at_its_own_pace(tmp_path: Path, site: str) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip, num_frames=75)
    with av.open(str(clip)) as source, av.open(str(tmp_path / "live.m3u8"), "w", format="hls") as playlist:
        video = source.streams.video[0]
        out = playlist.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = out
                playlist.mux(packet)
    lobby = camera(resolve(f"{site}/live.m3u8"), CameraConfig())
    with lobby:
        until(lambda: view_of(lobby), "a view")
        began, first = time.monotonic(), lobby.status().decoded
        until(lambda: lobby.status().decoded - first >= 25, "25 frames")
        assert time.monotonic() - began > 0.5, "a second's frames came in a burst"


def test_a_playlist_on_the_net_cannot_name_a_file_of_this_machine(tmp_path: Path, site: str) -> None:
    clip = tmp_path / "private.mp4"
    write_clip(clip, num_frames=5)
    (tmp_path / "bad.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{clip}\n#EXT-X-ENDLIST\n")
    with camera(resolve(f"{site}/bad.m3u8"), CameraConfig()) as lobby:
        until(lambda: lobby.status().state in (State.LOST, State.ENDED), "the refusal")
        assert lobby.status().decoded == 0


def test_half_of_a_picture_is_none() -> None:
    def broken_off(reply: Reply) -> None:
        reply.begin("image/jpeg", headers={"Content_Length": "1000"})
        reply.wfile.write(bytes(500))

    with Web() as web:
        web.pages["/snap.jpg"] = broken_off
        at = split(web.url("/snap.jpg"))
        assert at is not None
        with pytest.raises(SourceError, match="hung up in the middle of a picture"):
            Getter(at, "the camera").get(10.0, 1 << 20, whole=True)
