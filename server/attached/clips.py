"""A short video that comes inside a message, read with PyAV: bounded in seconds, pixels and work."""

import io
from collections.abc import Iterator

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from askcam.engine.question import Clip
from askcam.server.attached.budget import Budget
from askcam.server.errors import ApiError, bad_request
from askcam.stream.frame import Pixels

FPS = 2.0  # frames per second that are kept, as the camera windows have
MAX_CLIP_S = 30.0
MAX_FRAME_PIXELS = 768 * 28 * 28  # the most that the model family reads of one video frame; larger ones are shrunk
MAX_DECODED_PIXELS = 4_000_000_000  # 30 s of 1080p at 60 frames a second, and a little
MAX_PIXELS = 16_000_000  # of one frame
# Self-contained files only: playlists (hls, concat, sdp) would have FFmpeg open other files and addresses.
OPTIONS = {"format_whitelist": "mov,matroska,avi,mpegts,mpeg,flv,ogg,gif,mpjpeg,mjpeg", "protocol_whitelist": "none"}


def decode_clip(data: bytes, param: str, budget: Budget) -> Clip:
    """Two frames a second of a video file's bytes, at most 30 s of it. Raises ApiError 400 naming `param`."""
    try:
        with av.open(io.BytesIO(data), mode="r", metadata_errors="ignore", options=OPTIONS) as container:
            if not container.streams.video:
                raise _bad("there is no picture in this video: send one with a video track", param)
            stream = container.streams.video[0]
            if stream.width * stream.height > MAX_PIXELS:
                raise _bad(f"the video is {stream.width}x{stream.height}: send it smaller", param, "too_many_pixels")
            stream.codec_context.thread_count = 1  # the cores are the model's
            frames = [_small(frame, param, budget) for frame in _sampled(container.decode(stream), param)]
    except (av.FFmpegError, ValueError, OverflowError, EOFError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise _bad(f"these {len(data):,} bytes are not a video that is read here ({why}): send an MP4", param) from exc
    if not frames:
        raise _bad("the video has no frame that can be read: save it anew and send all of it", param)
    first = frames[0].shape[:2]
    return Clip(tuple(_of_size(frame, first[0], first[1]) for frame in frames), FPS)


def _sampled(frames: Iterator[VideoFrame], param: str) -> Iterator[VideoFrame]:
    """Every frame that is the first at or after another 1/FPS; refuses a clip that goes on for too long."""
    start: float | None = None
    due = 0.0
    decoded = 0
    for number, frame in enumerate(frames):
        decoded += frame.width * frame.height
        if decoded > MAX_DECODED_PIXELS:
            raise _bad("the video is too much to decode: send it smaller or shorter", param, "too_large")
        at = frame.time if frame.time is not None else number / 25
        start = at if start is None else start
        if at - start > MAX_CLIP_S:
            raise _bad(
                f"the video is longer than {MAX_CLIP_S:g} s: cut it, or serve the file as a camera", param, "too_long"
            )
        if at - start >= due - 1e-6:
            yield frame
            due = (np.floor((at - start) * FPS + 1e-6) + 1) / FPS


def _small(frame: VideoFrame, param: str, budget: Budget) -> Pixels:
    scale = min(1.0, (MAX_FRAME_PIXELS / (frame.width * frame.height)) ** 0.5)
    width, height = max(1, int(frame.width * scale)), max(1, int(frame.height * scale))
    budget.take(width * height, param)
    if scale < 1:
        frame = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return np.ascontiguousarray(frame.to_ndarray(format="rgb24"))


def _of_size(pixels: Pixels, height: int, width: int) -> Pixels:
    """A stream may change its size in the middle; a clip may not."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _bad(message: str, param: str, code: str = "invalid_video") -> ApiError:
    return bad_request(message, param, code)
