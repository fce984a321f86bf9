"""Writes a cut as an MP4 that plays while it comes: packets as the camera sent them, or encoded anew as H.264."""

import io
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
from av.codec import CodecContext
from av.video.codeccontext import VideoCodecContext

from askcam.features.clips.cutting import JPEG, ClipPicture, ClipRun, Cut
from askcam.features.clips.nal_units import parameters
from askcam.stream.frame import AgeBasis
from askcam.stream.sources.push import MAX_PIXELS
from askcam.stream.sources.yuv import SQUARE, Converter, YUVPicture
from askcam.stream.stills.jpeg import size, too_costly
from askcam.stream.stills.kinds import PictureError

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

TICKS = 90_000  # of a second
TIME_BASE = Fraction(1, TICKS)
OPTIONS = {"movflags": "faststart"}  # what describes it comes first
MOST_FPS = 10.0  # of what is encoded anew
MAX_WIDTH = 1280
HOW = {"preset": "veryfast", "crf": "26", "g": "20", "bf": "0"}


class Unwritable(Exception):
    """Nothing that plays can be made of a cut: why, for people."""


def write(cut: Cut, path: Path) -> int:
    """Write `path`, which is there already; returns how many pictures it has. Raises Unwritable, and OSError of the
    disk."""
    try:
        with av.open(str(path), "w", format="mp4", options=OPTIONS) as out:
            return _copied(out, cut) if cut.copied else _encoded(out, cut)
    except av.error.FFmpegError as exc:
        if isinstance(exc, OSError):
            raise
        raise Unwritable(f"FFmpeg cannot write it: {exc.strerror or exc}") from exc


def check(path: Path, num_pictures: int) -> None:
    """That a file has what was written into it. Raises Unwritable."""
    try:
        with av.open(str(path)) as there:
            found = sum(packet.size > 0 for packet in there.demux(video=0))
    except (av.error.FFmpegError, IndexError) as exc:
        raise Unwritable(f"what was written cannot be read again: {exc}") from exc
    if found != num_pictures:
        raise Unwritable(f"what was written has {found} of {num_pictures} pictures")


# -- as they came


def _copied(out: "OutputContainer", cut: Cut) -> int:
    (run,) = cut.runs
    assert run.parameters is not None
    key = run.pictures[0].data
    head = b"" if parameters(run.codec, key, b"") == run.parameters else run.parameters.data()
    with av.open(io.BytesIO(head + key), format=run.codec) as like:
        stream = out.add_stream_from_template(like.streams.video[0])
        stream.time_base = TIME_BASE
        if run.codec == "hevc":
            stream.codec_context.codec_tag = "hvc1"  # Apple's players take no other
        times = [round((picture.at - cut.start) * TICKS) for picture in run.pictures]
        shown = sorted(times)
        late = max(when - at for when, at in zip(shown, times, strict=True))  # as B-frames have it
        last = round(cut.end * TICKS) - round(max(picture.at for picture in run.pictures) * TICKS)
        length = dict(zip(shown, [after - at for at, after in pairwise(shown)], strict=False))
        for picture, at, when in zip(run.pictures, times, shown, strict=True):
            packet = av.Packet(picture.data)
            packet.pts, packet.dts, packet.time_base = at, when - late, TIME_BASE
            packet.duration, packet.is_keyframe = length.get(at, last), picture.key
            packet.stream = stream
            out.mux(packet)
    return len(run.pictures)


# -- encoded anew


def _encoded(out: "OutputContainer", cut: Cut) -> int:
    stream: VideoStream | None = None
    converter, number = Converter(), 0
    for frame, at, sar in _frames(cut):
        picture = YUVPicture(frame, converter, 0.0, 0.0, AgeBasis.CAPTURE, sar)
        if stream is None:
            stream = out.add_stream("libx264", options=HOW)
            stream.width, stream.height = even(picture.width, picture.height)
            stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 1
            stream.time_base = stream.codec_context.time_base = TIME_BASE
        made = av.VideoFrame.from_ndarray(picture.rgb(), format="rgb24")
        made = made.reformat(stream.width, stream.height, "yuv420p")
        made.pts, made.time_base = round((at - cut.start) * TICKS), TIME_BASE
        for packet in stream.encode(made):
            out.mux(packet)
        number += 1
    if stream is None:
        raise Unwritable("none of the camera's pictures could be decoded")
    for packet in stream.encode(None):
        out.mux(packet)
    return number


def even(width: int, height: int) -> tuple[int, int]:
    """A size that the encoder takes, no wider than MAX_WIDTH."""
    if width > MAX_WIDTH:
        width, height = MAX_WIDTH, round(height * MAX_WIDTH / width)
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def _frames(cut: Cut) -> "Iterator[tuple[VideoFrame, float, Fraction]]":
    """At most MOST_FPS a second, with when they were captured, and how much wider than high their pixels are."""
    due = float("-inf")
    for run in cut.runs:
        for frame, at, sar in _decoded(run, due):
            if at >= due:
                due = at + 0.8 / MOST_FPS
                yield frame, at, sar


def _decoded(run: ClipRun, due: float) -> "Iterator[tuple[VideoFrame, float, Fraction]]":
    decoder = CodecContext.create(run.codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    if run.parameters is not None:
        decoder.extradata = run.parameters.data()
    for picture in (*run.pictures, None):
        if run.codec == JPEG and picture is not None:
            if picture.at < due or not _harmless(picture):
                continue
            due = picture.at + 0.8 / MOST_FPS
        for frame in _tried(decoder, picture):
            yield frame, (frame.pts or 0) / TICKS, decoder.sample_aspect_ratio or SQUARE


def _tried(decoder: VideoCodecContext, picture: ClipPicture | None) -> "list[VideoFrame]":
    packet = None
    if picture is not None:
        packet = av.Packet(picture.data)
        packet.pts = packet.dts = round(picture.at * TICKS)
        packet.time_base = TIME_BASE
    try:
        return decoder.decode(packet)
    except (av.error.InvalidDataError, av.error.PatchWelcomeError, av.error.EOFError):
        return []


def _harmless(picture: ClipPicture) -> bool:
    try:
        width, height = size(picture.data)
    except PictureError:
        return False
    return 0 < width * height <= MAX_PIXELS and not too_costly(picture.data)
