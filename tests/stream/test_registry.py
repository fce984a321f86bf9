from collections.abc import Callable
from pathlib import Path

import pytest
from support.clips import write_clip

from askcam.stream.errors import SourceError, UnknownScheme
from askcam.stream.sources.http_camera import HTTPCamera
from askcam.stream.sources.opencv import OpenCVStream, Webcam
from askcam.stream.sources.push import PushSource
from askcam.stream.sources.pyav import PyAVSource
from askcam.stream.sources.registry import resolve
from askcam.stream.sources.video_file import FileSource


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("uri", "scheme", "kind", "live"),
    [
        ("webcam:1", "webcam", Webcam, True),
        ("webcam:0?width=1280&height=720&fps=30", "webcam", Webcam, True),
        ("rtsp://h/x", "rtsp", PyAVSource, True),
        ("RTSPS://h:322/x", "rtsp", PyAVSource, True),
        ("rtsp://h/x?channel=1&via=opencv", "rtsp", OpenCVStream, True),
        ("https://h/cam.mjpeg", "http", HTTPCamera, True),
        ("push:", "push", PushSource, False),
    ],
)
def test_each_scheme_finds_its_source(uri: str, scheme: str, kind: type, live: bool) -> None:
    spec = resolve(uri)
    assert (spec.scheme, spec.live) == (scheme, live)
    assert isinstance(spec.make(), kind)


@pytest.mark.parametrize("form", [str, "file:{}".format, "file://{}".format, "{}?loop=1".format])
def test_a_path_in_any_spelling_is_a_file(clip: Path, form: Callable[[Path], str]) -> None:
    spec = resolve(form(clip))
    assert spec.scheme == "file"
    assert not spec.live
    assert isinstance(spec.make(), FileSource)


def test_a_file_name_may_hold_a_colon_or_a_question_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("take2:final.mp4", "what?loop=1"):
        (tmp_path / name).write_bytes(b"")
        assert resolve(name).scheme == "file"


def test_a_source_of_another_package_plugs_in_through_its_entry_point() -> None:
    spec = resolve("synthetic:7")
    assert (spec.scheme, spec.label, spec.live) == ("synthetic", "synthetic:7", True)
    assert spec.make() is not spec.make()


def test_a_pushed_camera_is_always_the_same_source() -> None:
    spec = resolve("push:")
    assert spec.make() is spec.make()


def test_labels_hold_no_credentials() -> None:
    assert resolve("rtsp://joe:secret@h/x?via=opencv").label == "rtsp://***@h/x?via=opencv"
    assert resolve("http://h/x.mjpeg?password=secret").label == "http://h/x.mjpeg?password=***"


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", "names no camera"),
        ("webcam:", "webcam:0 is the first"),
        ("webcam:first", "webcam:0 is the first"),
        ("webcam:0?fps=fast", "fps=fast"),
        ("rtsp:///x", "no host"),
        ("rtsp://h:99999/x", "no host and port"),
        ("rtsp://h/x?via=magic", "via=magic is unknown; it is pyav"),
        ("nowhere.mp4", "'nowhere.mp4': there is no such file"),
        ("file:/nowhere.mp4", "there is no such file"),
    ],
)
def test_a_uri_that_can_never_work_is_refused_with_the_remedy(uri: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        resolve(uri)
    assert caught.value.permanent


def test_an_unknown_scheme_is_named_beside_the_known_ones_without_its_password() -> None:
    with pytest.raises(UnknownScheme, match=r"gopher: URIs; known are webcam:0.*synthetic:") as caught:
        resolve("gopher://joe:secret@h/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b.mp4", "file://{folder}/a%20b.mp4"),
        ("a b.mp4", "file://localhost{folder}/a%20b.mp4?loop=1"),
        ("a%20b.mp4", "file://{folder}/a%20b.mp4"),
        ("my:clip.mp4", "{folder}/my:clip.mp4"),
        ("my:clip.mp4", "my:clip.mp4"),
        ("my:clip.mp4", "my:clip.mp4?loop=1"),
        ("what?.mp4", "what?.mp4"),
        ("what?.mp4", "what?.mp4?loop=1"),
        ("a#b.mp4", "a#b.mp4"),
        ("home.mp4", "~/home.mp4"),
        ("C:\\clips\\a.mp4", "C:\\clips\\a.mp4"),
        ("100%.mp4", "100%.mp4"),
    ],
)
def test_a_file_plays_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, uri: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    write_clip(tmp_path / "clip.mp4", num_frames=3)
    (tmp_path / "clip.mp4").rename(tmp_path / name)
    source = resolve(uri.replace("{folder}", str(tmp_path))).make()
    source.open()
    assert source.read(True) is not None
    source.close()


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("rstp://h/x", "did you mean rtsp:?"),
        ("htps://h/x", "did you mean https:?"),
        ("sythetic:7", "did you mean synthetic:?"),
        ("192.168.1.5:554/live", "has no scheme: write rtsp://"),
        ("camera.lan:554/live", "has no scheme: write rtsp://"),
        ("joe:hunter2@192.168.1.5/live", "has no scheme: write rtsp://"),
        ("file://nas/clips/a.mp4", "a file of another machine is not read"),
        ("rtsp:h/x", "names no host and port"),
        ("rtsp://h/x?transport=pigeon", "transport=pigeon is unknown; it is tcp or udp"),
        ("rtsp://" + "h" * 9000, "has 9007 characters"),
    ],
)
def test_a_slip_is_named_with_what_was_meant(uri: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        resolve(uri)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
