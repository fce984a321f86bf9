"""A short video that comes inside a message: decoded in a process of its own (clip_worker.py), which can be ended."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import cv2
import numpy as np

from askcam.engine.question import Clip
from askcam.server.attached.budget import Budget
from askcam.server.attached.clip_worker import FPS, LENGTH, MAX_CLIP_S, MAX_FRAME_PIXELS, SIZE
from askcam.server.errors import Invalid, Refusal
from askcam.stream.frame import Pixels

__all__ = ["FPS", "MAX_CLIP_S", "MAX_FRAME_PIXELS", "decode_clip", "of_size"]

TIMEOUT_S = 30.0  # on the clock, of one clip; its process may compute for half of that
WORKER = (sys.executable, "-m", "askcam.server.attached.clip_worker")


def decode_clip(data: bytes, param: str, budget: Budget) -> Clip:
    """Two frames a second of a video file's bytes, at most 30 s of it.

    Raises Invalid naming `param`, or TooMany when too much waits already; Stopped when the budget was.
    """
    budget.check()
    frames: list[Pixels] = []
    with _worker(data, budget) as out, _whole(param, budget):
        while (kind := out.read(1)) == b"F":
            height, width = SIZE.unpack(_read(out, SIZE.size))
            budget.take(height * width, param)
            frame = budget.keep(height * width, lambda h=height, w=width: _pixels(out, h, w))  # type: ignore[misc]
            frames.append(of_size(frame, *(frames or [frame])[0].shape[:2]))
        if kind == b"E":
            (length,) = LENGTH.unpack(_read(out, LENGTH.size))
            told = json.loads(_read(out, length))
            raise _bad(told["message"], param, told["code"])
        if kind != b".":
            raise EOFError
    if not frames:
        raise _bad("the video has no frame that can be read: save it anew and send all of it", param)
    return Clip(tuple(frames), FPS)


def of_size(pixels: Pixels, height: int, width: int) -> Pixels:
    """A stream may change its size in the middle; a clip may not."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


@contextmanager
def _worker(data: bytes, budget: Budget) -> Iterator[IO[bytes]]:
    """What the process says of `data`. It ends with this, with the budget's stop, and after TIMEOUT_S."""
    process = subprocess.Popen(WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    timer = threading.Timer(TIMEOUT_S, process.kill)
    timer.daemon = True
    timer.start()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with budget.stopping(process.kill):
            with suppress(BrokenPipeError):  # it has ended already: what it said tells why
                process.stdin.write(data)
            with suppress(BrokenPipeError):
                process.stdin.close()
            yield process.stdout
    finally:
        timer.cancel()
        process.kill()
        process.stdout.close()
        process.wait()


@contextmanager
def _whole(param: str, budget: Budget) -> Iterator[None]:
    try:
        yield
    except EOFError as exc:  # it was ended: by its bounds, by the clock, or since nobody waits any more
        budget.check()
        raise _bad("the video is too much to decode: send it smaller or shorter", param, "too_large") from exc


def _read(out: IO[bytes], num_bytes: int) -> bytes:
    data = out.read(num_bytes)
    if len(data) < num_bytes:
        raise EOFError
    return data


def _pixels(out: IO[bytes], height: int, width: int) -> Pixels:
    pixels = np.empty((height, width, 3), np.uint8)
    if out.readinto(pixels.data.cast("B")) < pixels.nbytes:  # type: ignore[attr-defined]
        raise EOFError
    return pixels


def _bad(message: str, param: str, code: str = "invalid_video") -> Refusal:
    return Invalid(message, param, code)
