"""Which of a container's tracks is the film."""

from typing import TYPE_CHECKING

from av.stream import Disposition

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

COVER = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails


def film(container: "InputContainer") -> "VideoStream | None":
    """The video track that the file calls its default, else the first; None where there are only covers, or none."""
    films = [stream for stream in container.streams.video if not stream.disposition & COVER]
    return next((stream for stream in films if stream.disposition & Disposition.default), films[0] if films else None)


def has_cover(container: "InputContainer") -> bool:
    return any(stream.disposition & COVER for stream in container.streams.video)
