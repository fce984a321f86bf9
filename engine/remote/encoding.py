"""Frames become what is sent: JPEGs or PNGs, each made once and kept for as long as its picture lives, or an mp4."""

import base64
import io
import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from fractions import Fraction

import av
import cv2
import numpy as np

from askcam.engine.errors import EngineFailure
from askcam.engine.interface import Pictures
from askcam.engine.remote.dialects import Shape
from askcam.stream.frame import Pixels

QUALITY = 95  # of JPEG, with all of the colour: drawn edges and signs stay readable
MAX_KEPT = 4096  # pictures
MAX_KEPT_BYTES = 128 << 20  # of their base64
EFFORT = 1  # of PNG: a third of the time of what OpenCV takes by itself, for a tenth more bytes
CRF = "10"  # of H.264: nothing that an eye would see is lost
GRAIN = 1000  # a frame's rate is kept to a thousandth
HOW: Mapping[Pictures, tuple[str, list[int]]] = {
    "jpeg": (
        ".jpg",
        [
            cv2.IMWRITE_JPEG_QUALITY,
            QUALITY,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ],
    ),
    "png": (".png", [cv2.IMWRITE_PNG_COMPRESSION, EFFORT]),
}


class Encoder:
    """Any thread. What was made of a picture is found again by the picture itself: never by a camera's version, which
    begins anew after a restart, so that another scene would be answered from."""

    def __init__(self, pictures: Pictures = "jpeg", max_bytes: int = MAX_KEPT_BYTES) -> None:
        """`pictures`: what single ones become; "png" loses nothing."""
        self.pictures, self._max_bytes = pictures, max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[weakref.ref[Pixels], str]] = OrderedDict()  # the last used at the end
        self._bytes = 0
        self.num_encoded = 0  # since the start

    def picture(self, pixels: Pixels) -> str:
        """`pixels` (height, width, 3) uint8 RGB in base64. They must not be written to afterwards."""
        with self._lock:
            found = self._kept.get(id(pixels))
            if found is not None and found[0]() is pixels:
                self._kept.move_to_end(id(pixels))
                return found[1]
        made = _encoded(pixels, self.pictures)
        with self._lock:
            self.num_encoded += 1
            self._drop(id(pixels))
            self._kept[id(pixels)] = (weakref.ref(pixels), made)
            self._bytes += len(made)
            while len(self._kept) > MAX_KEPT or (self._bytes > self._max_bytes and len(self._kept) > 1):
                self._drop(next(iter(self._kept)))
        return made

    def urls(self, frames: Sequence[Pixels], fps: float, shape: Shape) -> list[str]:
        """The data URLs of a window's frames: one of a video, or one of each picture."""
        if shape is Shape.IMAGES:
            return [f"data:image/{self.pictures};base64,{self.picture(pixels)}" for pixels in frames]
        if shape is Shape.JPEGS:  # what each of them is, the server reads in its first bytes
            return ["data:video/jpeg;base64," + ",".join(map(self.picture, frames))]
        return ["data:video/mp4;base64," + base64.b64encode(mp4(frames, fps)).decode()]

    def forget(self) -> None:
        """Let go of what was made of pictures that are gone."""
        with self._lock:
            for key in [key for key, (picture, _) in self._kept.items() if picture() is None]:
                self._drop(key)

    @property
    def num_bytes(self) -> int:
        """Of what is kept."""
        return self._bytes

    def _drop(self, key: int) -> None:
        _, made = self._kept.pop(key, (None, ""))
        self._bytes -= len(made)


def mp4(frames: Sequence[Pixels], fps: float) -> bytes:
    """`frames`, all of one even size, as H.264; `fps` of them a second."""
    height, width = frames[0].shape[:2]
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(GRAIN))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": CRF, "preset": "veryfast", "tune": "zerolatency"}
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def _encoded(pixels: Pixels, pictures: Pictures) -> str:
    suffix, how = HOW[pictures]
    done, data = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), how)
    if not done:
        raise EngineFailure(f"a picture of {pixels.shape[1]}x{pixels.shape[0]} pixels could not be made a {pictures}")
    return base64.b64encode(data.tobytes()).decode()
