"""What is written of one answer: a JSON document that names its pictures by the SHA-256 of their files. Pure.

Records are a chain (server/storage/chain.py). A record names its pictures by their hashes, so these are covered, too.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

import msgspec

from askcam.client.protocol import Saw
from askcam.engine.interface import Positions
from askcam.engine.question import Reason, Role, Sampling, Timings, Usage
from askcam.features.evidence.errors import Broken
from askcam.server.versions import version
from askcam.stream.frame import AgeBasis

FORMAT = 1  # grows when an older reader could misread it


class PictureRef(msgspec.Struct, frozen=True):
    """A file of the folder's pictures. PNG holds the very pixels; JPEG is for people."""

    digest: str  # SHA-256 of the file
    kind: Literal["png", "jpg"]
    width: int
    height: int


class SeenPicture(msgspec.Struct, frozen=True):
    """One frame as the model saw it."""

    picture: PictureRef
    seq: int
    wall: float  # capture time in seconds since the epoch
    before_s: float  # seconds before the newest frame, on a steady clock
    basis: AgeBasis


class SeenView(msgspec.Struct, frozen=True):
    """The camera's window as the answer saw it: stream.window.View without its pixels."""

    camera: str
    version: int
    epoch: int
    fps: float
    provisional: bool
    pairs: tuple[int, ...]  # their indices
    frames: tuple[SeenPicture, ...]  # two per pair, in order


class KeyPicture(msgspec.Struct, frozen=True):
    """The camera's newest decoded picture when the engine took the question up, in full resolution."""

    picture: PictureRef
    seq: int  # as that of frames: it may be newer than the newest one that the model saw
    wall: float


class RecordedText(msgspec.Struct, frozen=True, tag="text"):
    text: str


class RecordedPicture(msgspec.Struct, frozen=True, tag="picture"):
    picture: PictureRef


class RecordedClip(msgspec.Struct, frozen=True, tag="clip"):
    pictures: tuple[PictureRef, ...]
    fps: float


class RecordedTurn(msgspec.Struct, frozen=True):
    """One message of the conversation."""

    role: Role
    parts: tuple[RecordedText | RecordedPicture | RecordedClip, ...]
    tool_calls: tuple[Mapping[str, Any], ...] = ()


class ModelRun(msgspec.Struct, frozen=True):
    """Which model answered, and how it was run."""

    asked: str | None  # folder or hub id as configured; None: the built-in one
    id: str
    family: str
    commit: str | None  # of the hub's repository, where it is known
    digest: str  # of its files (engine/fingerprint.py)
    backend: str
    device: str
    dtype: str
    attention: str
    positions: Positions
    max_pairs: int
    min_pixels: int | None
    max_pixels: int | None


class Versions(msgspec.Struct, frozen=True):
    askcam: str
    torch: str
    transformers: str

    @classmethod
    def here(cls) -> Self:
        """Of what has a say in an answer: what they compute may change from one release to the next."""
        return cls(version("askcam"), version("torch"), version("transformers"))


class Evidence(msgspec.Struct, frozen=True):
    """Everything about one answer that is needed to look at it, and to have it given again."""

    id: str
    created: float  # seconds since the epoch: when it was complete
    camera: str | None
    private: bool  # a pushed camera
    question: str
    messages: tuple[RecordedTurn, ...]
    tools: tuple[Mapping[str, Any], ...]  # offered to the model
    tools_called: tuple[Mapping[str, Any], ...]
    sampling: Sampling  # as carried out: with the seed that was drawn
    prompt: tuple[tuple[int, int], ...]  # token ids, as runs of (id, how many)
    tokens: tuple[int, ...]  # of the answer, one that ended it among them
    text: str
    reason: Reason
    usage: Usage
    timings: Timings
    saw: Saw
    view: SeenView | None
    key: KeyPicture | None
    model: ModelRun
    versions: Versions
    format: int = FORMAT

    def pictures(self) -> set[PictureRef]:
        """All files that it needs."""
        found = set() if self.view is None else {frame.picture for frame in self.view.frames}
        if self.key is not None:
            found.add(self.key.picture)
        for part in (part for turn in self.messages for part in turn.parts):
            if isinstance(part, RecordedPicture):
                found.add(part.picture)
            elif isinstance(part, RecordedClip):
                found.update(part.pictures)
        return found


def encode(evidence: Evidence) -> bytes:
    return msgspec.json.encode(evidence)


def decode(data: bytes, name: str) -> Evidence:
    """Raises Broken, naming the answer."""
    try:
        found = msgspec.json.decode(data, type=Evidence)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise Broken(f"the record of answer {name} cannot be read: {exc}") from exc
    if found.format != FORMAT:
        raise Broken(f"the record of answer {name} has format {found.format}, this askcam reads {FORMAT}: use a newer")
    return found


def runs(ids: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Token ids as (id, how many): a window's placeholders are one run."""
    found: list[tuple[int, int]] = []
    for token in ids:
        if found and found[-1][0] == token:
            found[-1] = (token, found[-1][1] + 1)
        else:
            found.append((token, 1))
    return tuple(found)


def spread(found: Iterable[tuple[int, int]]) -> list[int]:
    """The ids again."""
    return [token for token, count in found for _ in range(count)]
