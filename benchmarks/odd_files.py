"""Files and addresses that are odd: the rows of odd_cameras.py that have no clock in their pixels.

Each file is made anew in a folder, with PyAV or Pillow; an address leads to refusing_rtsp.py of tests/, or nowhere.
"""

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import av
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.odd_stills import encoded, exif
from support.servers.running import RefusingRTSP

from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.errors import SourceError
from askcam.stream.fit import as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors

RGB = (200, 90, 40)
NEAR = 8  # of 255, in each colour: what codecs may lose
PASSWORD = "hunter2"
CONFIG = CameraConfig(fps=10, open_timeout_s=4)


@dataclass(frozen=True)
class FileRow:
    """`make` writes the file at a path; what is then to be seen, or what must be said."""

    name: str
    make: Callable[[Path], object]
    size: tuple[int, int] | None = (96, 64)
    says: str = ""  # instead of a picture
    file: str = "clip.mp4"
    uri: str = "{path}"  # {folder} and {quoted} stand for the folder and the escaped path
    live_s: float = 5.0


@dataclass(frozen=True)
class AddressRow:
    """{server} in `uri` is the server's host and port."""

    name: str
    uri: str
    says: str = ""  # empty: it plays
    within_s: float = 15.0


def film(
    path: Path,
    *,
    num: int = 30,
    rate: Fraction | int = 10,
    size: tuple[int, int] = (96, 64),
    sar: Fraction | None = None,
    rgb: tuple[int, int, int] = RGB,
    matrix: int | None = None,
    format: str | None = None,
) -> None:
    """H.264 of one colour. `matrix`: what it is made with (1: BT.709, 5: BT.601), and not told."""
    with av.open(str(path), "w", format=format) as container:
        stream: Any = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if sar is not None:
            stream.codec_context.sample_aspect_ratio = sar
        for k in range(num):
            frame = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), rgb, np.uint8), "rgb24")
            if matrix is not None:
                frame = frame.reformat(format="yuv420p", dst_colorspace=matrix)
                frame.colorspace = 2  # unspecified
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def still(kind: str, **options: Any) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(encoded(Image.new("RGB", (96, 64), RGB), kind, **options))


def moving(kind: str) -> Callable[[Path], object]:
    more = [Image.new("RGB", (96, 64), RGB)] * 3
    return still(kind, save_all=True, append_images=more, duration=200)


def turned(path: Path) -> None:
    """A telephone's photo: lies on its side, and EXIF says so."""
    data = encoded(Image.new("RGB", (64, 96), RGB), "JPEG")
    tag = exif(6)
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(tag) + 2).to_bytes(2) + tag + data[2:])


def two(path: Path) -> None:
    """Two video tracks, of which the second, larger one is the default."""
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("mpeg4", rate=10) for _ in range(2)]
        for place, (stream, width) in enumerate(zip(streams, (64, 96), strict=True)):
            stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, 64, "yuv420p", 2_000_000
            stream.disposition = av.stream.Disposition.default if place else av.stream.Disposition(0)
        for k in range(5):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(np.full((64, stream.width, 3), RGB, np.uint8), "rgb24")
                frame.pts = k
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))


def sound(path: Path, cover: bytes = b"") -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=44100)
        audio = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.int16), format="s16", layout="mono")
        audio.sample_rate = 44100
        for packet in stream.encode(av.AudioResampler("s16p", "stereo", 44100).resample(audio)[0]):
            container.mux(packet)
        container.mux(stream.encode(None))
    body = b"\0image/jpeg\0\x03\0" + cover
    frame = b"APIC" + len(body).to_bytes(4) + bytes(2) + body
    size = len(frame)
    tag = b"ID3\x03\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + frame
    data = out.getvalue()
    path.write_bytes((tag if cover else b"") + data[data.index(b"\xff\xfb") :])


def cut(path: Path) -> None:
    film(path)
    path.write_bytes(path.read_bytes()[:600])


HD = (1280, 720)
FILES = (
    FileRow("a clip of three frames", lambda path: film(path, num=3)),
    FileRow("a clip of one frame", lambda path: film(path, num=1)),
    FileRow("pixels 2:1, as DVRs have them", lambda path: film(path, sar=Fraction(2)), size=(192, 64)),
    FileRow("pixels 64:45", lambda path: film(path, size=(90, 64), sar=Fraction(64, 45)), size=(128, 64)),
    FileRow("pixels 8:9", lambda path: film(path, size=(90, 64), sar=Fraction(8, 9)), size=(90, 72)),
    FileRow("HD without a word on its colours", lambda path: film(path, size=HD, matrix=1), size=HD),
    FileRow("SD without a word on its colours", lambda path: film(path, matrix=5)),
    FileRow("a time-lapse, a frame a minute", lambda path: film(path, num=6, rate=Fraction(1, 60))),
    FileRow("two video tracks, the second is the default", two, file="two.mkv"),
    FileRow("MPEG transport stream called .mp4", lambda path: film(path, format="mpegts")),
    *(FileRow(f"a still: {kind}", still(kind), file=f"still.{kind.lower()}") for kind in ("JPEG", "PNG", "AVIF")),
    FileRow("a still called .mp4", still("JPEG")),
    FileRow("a photo on its side, by EXIF", turned, file="photo.jpg"),
    FileRow("an animated GIF", moving("GIF"), file="moving.gif"),
    FileRow("an animated WebP", moving("WEBP"), file="moving.webp"),
    FileRow("file:///...%20...", film, file="a b.mp4", uri="file://{quoted}"),
    FileRow("a name with ?", film, file="what?.mp4"),
    FileRow("a name with a colon", film, file="door:1.mp4"),
    FileRow("a HEIC photo", lambda path: path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(99)), None, "HEIC photo"),
    FileRow("only sound", sound, None, "no picture (only sound?)", file="song.mp3"),
    FileRow("sound with a cover", lambda path: sound(path, encoded(Image.new("RGB", (64, 64)), "JPEG")), None,
            "sound with a cover picture", file="song.mp3"),
    FileRow("a film cut off before its index", cut, None, "is no video that FFmpeg can read"),
    FileRow("an empty file", lambda path: path.write_bytes(b""), None, "it is empty"),
    FileRow("a text called .mp4", lambda path: path.write_text("hello\n" * 900), None, "no video"),
    FileRow("a folder", lambda path: path.mkdir(), None, "is a folder"),
    FileRow("no file", lambda path: None, None, "there is no such file"),
)  # fmt: skip

CAM = "rtsp://{server}/cam"
ADDRESSES = (
    AddressRow("RTSP: upper case scheme", "RTSP://{server}/cam"),
    AddressRow("RTSP: redirected", CAM + "?move=/other&status=302"),
    AddressRow("RTSP: UDP only", CAM + "?udp=1"),
    AddressRow("RTSP: password with / # ? [", "rtsp://joe:pa/ss#w?[o]@{server}/cam?auth=digest"),
    AddressRow("RTSP: no password", CAM + "?auth=digest", "give them as rtsp://user:password@host/"),
    AddressRow("RTSP: wrong password", f"rtsp://joe:{PASSWORD}@{{server}}/cam?auth=basic", "or password is wrong"),
    AddressRow("RTSP: wants SHA-256", "rtsp://joe:pa/ss#w?[o]@{server}/cam?auth=sha256", "SHA-256"),
    AddressRow("RTSP: 404", CAM + "?step=DESCRIBE&status=404", "no such stream (404)"),
    AddressRow("RTSP: 453 at PLAY", CAM + "?step=PLAY&status=453", "no bandwidth left (453)"),
    AddressRow("RTSP: 454 at PLAY", CAM + "?step=PLAY&status=454", "forgot our session at once (454)"),
    AddressRow("RTSP: 461, TCP alone allowed", CAM + "?udp=1&transport=tcp", "(461): try ?transport=udp"),
    AddressRow("RTSP: silent from the start", CAM + "?step=OPTIONS&silent=1", "it is there but says nothing", 25),
    AddressRow("RTSP: no answer to PLAY", CAM + "?step=PLAY&silent=1", "no answer to PLAY", 25),
    AddressRow("RTSP: hangs up at SETUP", CAM + "?step=SETUP&close=1", "hung up at"),
    AddressRow("RTSP: only sound", CAM + "?media=audio", "has no picture, only audio"),
    AddressRow("RTSP: answers no RTSP", CAM + "?step=OPTIONS&garbage=1", "is no RTSP"),
    AddressRow("RTSP: secret in the path", f"rtsp://{{server}}/user=admin_password={PASSWORD}_channel=1"
               "?step=DESCRIBE&status=403", "forbids it (403)"),
    AddressRow("RTSP: secret in the query", CAM + f"?loginpas={PASSWORD}&step=DESCRIBE&status=503", "(503)"),
    AddressRow("nothing listens", "rtsp://127.0.0.1:9/cam", "connection refused"),
    AddressRow("no such host", "rtsp://camera.invalid/cam", "no machine is called 'camera.invalid'"),
    AddressRow("no scheme", "192.168.1.9:554/live", "has no scheme"),
    AddressRow("a scheme that nobody opens", "rstp://host/cam", "did you mean rtsp:?"),
)  # fmt: skip


def see_file(row: FileRow, folder: Path) -> dict[str, object]:
    path = folder / row.name.translate(str.maketrans("/ :?", "____")) / row.file
    path.parent.mkdir()
    row.make(path)
    uri = row.uri.format(path=path, quoted=quote(str(path)))
    return seen(row.name, uri, row.size, row.says, row.live_s)


def see_address(row: AddressRow, server: RefusingRTSP) -> dict[str, object]:
    found = seen(row.name, row.uri.format(server=server.address), None, row.says, row.within_s)
    if PASSWORD in str(found["reasons"]):
        found["wrong"] = [*list(found["wrong"]), "shows a secret"]  # type: ignore[call-overload]
    return found


def seen(name: str, uri: str, size: tuple[int, int] | None, says: str, within_s: float) -> dict[str, object]:
    """Whether a picture of that size, and of the colour RGB, is there in time; or it is said why not."""
    wrong, reasons, after, picture = list[str](), list[str](), None, None
    began = time.monotonic()
    try:
        with Camera("odd", resolve(uri), fit=as_is, anchors=Anchors(), config=CONFIG) as camera:
            while time.monotonic() - began < within_s and after is None:
                status, shot = camera.status(), camera.shot()
                if status.reason and status.reason not in reasons:
                    reasons.append(status.reason)
                if says and any(says in reason for reason in reasons):
                    after = time.monotonic() - began
                elif shot is not None and shot.has_pixels and status.state in (State.LIVE, State.ENDED):
                    picture = shot.full().pixels
                    after = None if says else time.monotonic() - began
                time.sleep(0.05)
            reasons += [camera.uri]
    except SourceError as error:
        reasons.append(str(error))
        after = time.monotonic() - began if says and says in str(error) else None
    if says:
        wrong += [f"does not say {says!r}"] if after is None else []
        wrong += ["is seen"] if picture is not None else []
    elif after is None or picture is None:
        wrong.append("not live in time")
    elif size is not None:
        if picture.shape[1::-1] != size:
            wrong.append(f"size {picture.shape[1]}x{picture.shape[0]}")
        if np.abs(picture.reshape(-1, 3).mean(axis=0) - RGB).max() > NEAR:
            wrong.append(f"colour {picture.reshape(-1, 3).mean(axis=0).round()}")
    shown = "says so" if says and not wrong else "right" if not wrong else "wrong"
    return {"name": name, "live_after_s": None if after is None else round(after, 1), "picture": shown,
            "live_s": None, "told_less_true_s": None, "wrong": wrong, "reasons": reasons[-3:]}  # fmt: skip
