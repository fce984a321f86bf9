"""What is held in memory of one camera: its packets, or else pictures that are taken now and then."""

import time
from collections.abc import Sequence
from functools import partial

from askcam.features.clips.cutting import JPEG, TAKEN
from askcam.features.clips.ring import Group, PacketRing
from askcam.server.pictures import encode
from askcam.stream.camera import Camera, State
from askcam.stream.errors import StreamError
from askcam.stream.packets import EncodedPacket, PacketTrack

PICTURE_FPS = 5.0  # at most; else as often as the camera is sampled
QUALITY, WIDTH = 80, 960  # of these
SETTLED_S = 3.0  # a live camera that has sent no packet for so long has none


def withheld(camera: Camera) -> str | None:
    """THE place that says why none of a camera's packets may be kept as it sent them, for people; None: they may.
    Asked at each keyframe. A clip is then made of pictures as they are shown, from which is taken out already what
    nobody is to see."""
    return "parts of its picture are masked" if camera.masks else None


class Footage:
    """heard() is for the thread that reads the camera's packets, sample() for one other, the rest for any."""

    def __init__(self, camera: Camera, keep_s: float, max_bytes: int) -> None:
        self.camera = camera
        self.ring = PacketRing(keep_s, max_bytes)
        self.by_pictures: str | None = None  # why pictures are taken, for people
        self._masks = camera.masks  # under which all that is held was seen
        self._packets: bool | None = None  # whether it sends such as can be kept; None: not known yet
        self._live_since: float | None = None
        self._pictures = PacketTrack(JPEG, b"", 0, 0)
        self._seq, self._due = 0, 0.0
        self._unlisten = camera.on_packet(self.heard)

    def heard(self, packet: EncodedPacket) -> None:
        """Quick: a packet is put beside the others."""
        self._forget_what_is_hidden()
        if packet.key or self._packets is None:
            self._judge(packet)
        if self._packets:
            self.ring.add(packet, time.monotonic())

    def _judge(self, packet: EncodedPacket) -> None:
        why = withheld(self.camera)
        if why is None and packet.track.codec not in TAKEN:
            why = f"its codec, {packet.track.codec}, has no place in a clip"
        if why is not None and self._packets:
            self.ring.clear()  # also what was kept before anybody minded
        self._packets, self.by_pictures = why is None, why

    def sample(self, now: float) -> None:
        """Take the newest picture, where there are no packets and it is due."""
        self._forget_what_is_hidden()
        if self._packets or now < self._due:
            return
        if self.camera.status().state is not State.LIVE:
            self._live_since = None
            return
        self._live_since = now if self._live_since is None else self._live_since
        if self._packets is None and now - self._live_since < SETTLED_S:
            return
        self._due = max(self._due, now - 1) + 1 / min(PICTURE_FPS, self.camera.config.fps)
        shot = self.camera.shot()
        if shot is None or shot.seq == self._seq or shot.masks is not self._masks:
            return
        self._seq = shot.seq
        try:
            frame = shot.full()
        except StreamError:
            return
        if self.by_pictures is None:
            self.by_pictures = "its source has no packets"
        jpeg = encode(frame.pixels, QUALITY, WIDTH)
        self.ring.add(EncodedPacket(self._pictures, jpeg, True, partial(float, frame.mono)), now)

    def groups(self) -> Sequence[Group]:
        """What a clip may be cut from just now, oldest first."""
        self._forget_what_is_hidden()
        return self.ring.groups()

    def _forget_what_is_hidden(self) -> None:
        """Where masks were changed, all that is held may show what is hidden now."""
        masks = self.camera.masks
        if masks is not self._masks:
            self._masks, self._packets = masks, None
            self.ring.clear()

    def close(self) -> None:
        """No more packets are told; what is there can still be cut."""
        self._unlisten()
