"""Pictures on their way to a server: JPEG bytes as they are, arrays of pixels encoded."""

import base64
import importlib
from typing import Any

from askcam.client.errors import FrameError

KINDS = ((b"\xff\xd8", "image/jpeg"), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp"), (b"GIF8", "image/gif"))


def jpeg(frame: Any) -> bytes:
    """`frame` as JPEG bytes: bytes of one, or an array (height, width, 3) uint8 RGB (OpenCV's own are BGR).

    Raises FrameError. Encoding an array takes milliseconds and needs OpenCV.
    """
    if isinstance(frame, bytes | bytearray | memoryview):
        data = bytes(frame)
        if not data.startswith(b"\xff\xd8"):
            raise FrameError(f"these {len(data)} bytes are not a JPEG: encode the frame first")
        return data
    if not hasattr(frame, "shape") or str(getattr(frame, "dtype", "")) != "uint8" or tuple(frame.shape[2:]) != (3,):
        raise FrameError(
            f"a frame is JPEG bytes or an array (height, width, 3) of uint8, not {type(frame).__name__} "
            f"{getattr(frame, 'shape', '')}"
        )
    try:
        cv2 = importlib.import_module("cv2")  # not a dependency of the client: only arrays want it
    except ImportError as exc:
        raise FrameError("arrays are encoded with OpenCV, which is not installed: push JPEG bytes instead") from exc
    done, data = cv2.imencode(".jpg", frame[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not done:
        raise FrameError(f"an array of shape {frame.shape} could not be encoded as a JPEG")
    return bytes(data)


def data_url(picture: Any) -> str:
    """A picture as a data URL: bytes of a JPEG, PNG, WebP or GIF, or an array as jpeg() takes it."""
    if isinstance(picture, str):
        if picture.startswith("data:"):
            return picture
        raise FrameError(f"{picture[:80]!r} is not a picture: read the file and attach its bytes")
    if isinstance(picture, bytes | bytearray | memoryview):
        data = bytes(picture)
        mime = next((mime for start, mime in KINDS if data.startswith(start)), None)
        if mime is None:
            raise FrameError(f"these {len(data)} bytes are not a JPEG, PNG, WebP or GIF")
    else:
        data, mime = jpeg(picture), "image/jpeg"
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"
