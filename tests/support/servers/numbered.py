"""Pictures that say which one they are: frame `i` shows i as 16 bars, black or white. Encoded once, sent often.

A camera that sends frame i at i / fps seconds (counted round and round over n frames) on the wall clock has a clock in
its pixels, whatever its timestamps say: lag_s() reads it.
"""

import fractions
import functools
import time

import av
import cv2
import numpy as np
import numpy.typing as npt

BITS = 16
_BLACK, _WHITE = 20, 230

Pixels = npt.NDArray[np.uint8]


def drawn(number: int, width: int, height: int) -> Pixels:
    """(height, width, 3) RGB: the number above, something that moves below."""
    picture = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        picture[: height // 2, bit * width // BITS : (bit + 1) * width // BITS] = (
            _WHITE if number >> bit & 1 else _BLACK
        )
    picture[height // 2 :] = np.linspace(30, 220, width, dtype=np.uint8)[None, :, None]
    x = number * 5 % (width - 20)
    picture[height // 2 + 10 : height - 10, x : x + 20] = (200, 40, 40)
    return picture


def number_in(picture: Pixels) -> int:
    height, width = picture.shape[:2]
    bars = (
        picture[height // 8 : height // 4, bit * width // BITS + width // 64 : (bit + 1) * width // BITS - width // 64]
        for bit in range(BITS)
    )
    return sum(1 << bit for bit, bar in enumerate(bars) if bar.mean() > 125)


def lag_s(picture: Pixels, now: float, fps: float, count: int) -> float:
    """Seconds since the picture was sent, by the number in it; `now` is wall clock. Less than count / fps."""
    lag = (now - number_in(picture) / fps) % (count / fps)
    return lag - count / fps if lag > 0.9 * count / fps else lag


def rarely(fps: float, quiet_s: float) -> int:
    """How many pictures a camera is to count, so that its one keyframe, that of frame 0, is not due for `quiet_s`."""
    now = time.time() * fps
    return next(count for count in range(600, 6000, 50) if count - now % count > quiet_s * fps)


def nal_units(annexb: bytes) -> list[bytes]:
    return [unit for unit in (part.rstrip(b"\0") for part in annexb.split(b"\0\0\1")[1:]) if unit]


@functools.lru_cache(8)
def encoded(codec: str, gop: int, count: int, width: int, height: int, refresh: bool) -> list[tuple[list[bytes], bool]]:
    """`count` access units as NAL units, and whether each is a keyframe. `refresh`: columns are renewed, one after the
    other, and there is a keyframe only at the start (H.264's periodic intra refresh, with recovery points)."""
    name = {"h264": "libx264", "hevc": "libx265"}[codec]
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = fractions.Fraction(1, 25), fractions.Fraction(25)
    encoder.gop_size, encoder.thread_count = gop, 1
    common = f"repeat-headers=1:annexb=1:scenecut=0:keyint={gop}:min-keyint={gop}" + ":intra-refresh=1" * refresh
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "26"} | (
        {"x264-params": common}
        if codec == "h264"
        else {"x265-params": f"{common}:log-level=error:pools=none:bframes=0"}
    )
    out = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(drawn(number, width, height), format="rgb24")
        frame.pts = number
        out += [(nal_units(bytes(packet)), packet.is_keyframe) for packet in encoder.encode(frame)]
    return out + [(nal_units(bytes(packet)), packet.is_keyframe) for packet in encoder.encode(None)]


@functools.lru_cache(2)
def jpegs(count: int, width: int, height: int) -> list[bytes]:
    return [cv2.imencode(".jpg", drawn(number, width, height)[:, :, ::-1])[1].tobytes() for number in range(count)]
