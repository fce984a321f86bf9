"""A process that decodes one clip: bytes on stdin, frames on stdout. It may take so much memory and time and no more.

A container of a kilobyte may claim a hundred million samples, for which FFmpeg makes room as it opens it. So it is
opened where memory is bounded by the system, and what takes too long can be ended.

What it writes: b"F", height and width as >II, the pixels, for each frame; then b"." if all went well, or b"E", a length
as >I, and JSON {"message", "code"}.
"""

import io
import json
import os
import struct
import sys
from collections.abc import Iterator
from typing import BinaryIO

import av
import av.error

from askcam.stream.fit import Fit
from askcam.stream.frame import AgeBasis
from askcam.stream.sources.tracks import film
from askcam.stream.sources.yuv import SQUARE, Converter, YUVPicture

FPS = 2.0  # frames per second that are kept, as the camera windows have
MAX_CLIP_S = 30.0
MAX_FRAME_PIXELS = 768 * 28 * 28  # the most that the model family reads of one video frame; larger ones are shrunk
MAX_PIXELS = 16_000_000  # of one frame
MAX_DECODED_PIXELS = 4_000_000_000  # 30 s of 1080p at 60 frames a second, and a little
MAX_DECODED_FRAMES = 7_500  # 30 s at 240 frames a second, and a little
MAX_CPU_S = 15
MAX_MEMORY = 768 << 20
# Self-contained files only: playlists (hls, concat, sdp) would have FFmpeg open other files and addresses.
OPTIONS = {
    "format_whitelist": "mov,matroska,avi,mpegts,mpeg,flv,ogg,gif,mpjpeg,mjpeg",
    "protocol_whitelist": "none",
    "max_streams": "32",
}
SIZE = struct.Struct(">II")
LENGTH = struct.Struct(">I")


class ClipRefused(Exception):
    """What is wrong with the clip, in words for its sender."""

    def __init__(self, message: str, code: str = "invalid_video") -> None:
        super().__init__(message)
        self.code = code


def frames(data: BinaryIO, num_bytes: int) -> Iterator[tuple[int, int, bytes]]:
    """(height, width, RGB) of two frames a second. Raises Refused."""
    try:
        with av.open(data, mode="r", metadata_errors="ignore", options=OPTIONS) as container:
            stream = film(container)
            if stream is None:
                raise ClipRefused("there is no picture in this video: send one with a video track")
            if stream.width * stream.height > MAX_PIXELS:
                raise ClipRefused(f"the video is {stream.width}x{stream.height}: send it smaller", "too_many_pixels")
            stream.codec_context.thread_count = 1  # the cores are the model's
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            converter, sar = Converter(), stream.sample_aspect_ratio or SQUARE
            for frame in _sampled(container.decode(stream)):
                picture = YUVPicture(frame, converter, 0.0, 0.0, AgeBasis.ARRIVAL, sar)
                pixels = picture.rgb(_fit(picture.width, picture.height))
                yield pixels.shape[0], pixels.shape[1], pixels.tobytes()
    except MemoryError as exc:
        raise ClipRefused("the video is too much to decode: send it smaller or shorter", "too_large") from exc
    except (av.error.FFmpegError, ValueError, OverflowError, EOFError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise ClipRefused(f"these {num_bytes:,} bytes are not a video that is read here ({why}): send an MP4") from exc


def _sampled(decoded: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Every frame that is the first at or after another 1/FPS; refuses a clip that goes on for too long."""
    start: float | None = None
    due, num_pixels = 0.0, 0
    for number, frame in enumerate(decoded):
        num_pixels += frame.width * frame.height
        if num_pixels > MAX_DECODED_PIXELS or number >= MAX_DECODED_FRAMES:
            raise ClipRefused("the video is too much to decode: send it smaller or shorter", "too_large")
        at = frame.time if frame.time is not None else number / 25
        start = at if start is None else start
        if at - start > MAX_CLIP_S:
            raise ClipRefused(
                f"the video is longer than {MAX_CLIP_S:g} s: cut it, or serve the file as a camera", "too_long"
            )
        if at - start >= due - 1e-6:
            yield frame
            due = (int((at - start) * FPS + 1e-6) + 1) / FPS


def _fit(width: int, height: int) -> Fit:
    scale = min(1.0, (MAX_FRAME_PIXELS / (width * height)) ** 0.5)
    return Fit.stretch(width, height, max(1, int(width * scale)), max(1, int(height * scale)))


def bound() -> None:
    """Bound this process, as far as the system can."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(5)  # the model goes first
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere it doesn't count what malloc takes
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))


def main() -> None:
    bound()
    av.logging.set_level(None)
    out = sys.stdout.buffer
    given = sys.stdin.buffer.read()
    try:
        for height, width, pixels in frames(io.BytesIO(given), len(given)):
            out.write(b"F" + SIZE.pack(height, width) + pixels)
            out.flush()
        out.write(b".")
    except ClipRefused as refusal:
        told = json.dumps({"message": str(refusal), "code": refusal.code}).encode()
        out.write(b"E" + LENGTH.pack(len(told)) + told)
    out.flush()


if __name__ == "__main__":
    main()
