"""Encoded packets for tests: real ones of real encoders, and the times that are wanted of them."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, partial

import av
import numpy as np
from support.servers import clock

from askcam.features.clips.ring import Group, PacketRing
from askcam.stream.packets import EncodedPacket, PacketTrack

WALL = 1_760_000_000.0  # of the first picture, by the clock that is drawn into each
ENCODERS = {"h264": "libx264", "hevc": "libx265", "mpeg4": "mpeg4"}
FPS = 10


def packet(track: PacketTrack, at: float, key: bool = False, data: bytes = b"x" * 100) -> EncodedPacket:
    return EncodedPacket(track, data, key, partial(float, at))


def plain_track(codec: str = "mjpeg") -> PacketTrack:
    return PacketTrack(codec, b"", 0, 0)


@cache
def encoded(
    codec: str, count: int, gop: int, bframes: int = 0, width: int = 320, height: int = 192, first: int = 0
) -> tuple[tuple[bytes, bool, int], ...]:
    """Pictures with a clock, FPS of them a second: data with start codes, whether a keyframe, and which picture it is;
    in the order of decoding. `first`: the number of the first one."""
    encoder = av.CodecContext.create(ENCODERS[codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, FPS), Fraction(FPS), gop
    encoder.thread_count = 1
    encoder.options = {
        "h264": {"preset": "ultrafast", "x264-params": f"bframes={bframes}:repeat-headers=1:scenecut=0:b-adapt=0"},
        "hevc": {"preset": "ultrafast", "x265-params": f"bframes={bframes}:repeat-headers=1:log-level=none:pools=none"},
        "mpeg4": {},
    }[codec]
    if bframes:
        encoder.max_b_frames = bframes
    found = []
    for number in [*range(first, first + count), None]:
        frame = None
        if number is not None:
            picture = clock.backdrop(width, height)
            clock.draw(picture, WALL + number / FPS)
            frame = av.VideoFrame.from_ndarray(np.repeat(picture[:, :, None], 3, axis=2), format="rgb24")
            frame.pts = number
        found += [(bytes(each), each.is_keyframe, int(each.pts)) for each in encoder.encode(frame)]
    return tuple(found)


def groups(
    track: PacketTrack, pictures: Sequence[tuple[bytes, bool, int]], begin: float = 0.0, step: float = 1 / FPS
) -> list[Group]:
    """As a ring holds them: picture N was captured at `begin` + N * `step`."""
    ring = PacketRing(1e9, 1 << 40)
    for data, key, number in pictures:
        at = begin + number * step
        ring.add(packet(track, at, key, data), at)
    return list(ring.groups())
