"""Short videos, made when a test needs one."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_clip(path: Path, num_frames: int = 25, fps: int | Fraction = 25, width: int = 320, height: int = 240) -> None:
    """An H.264 video of gray frames, the k-th of luma 20 + 2k (below 220)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "10"}
        for k in range(num_frames):
            pixels = np.full((height, width, 3), 20 + 2 * k % 200, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
