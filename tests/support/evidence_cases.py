"""Answers as they go to the disk, made without a camera or a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from askcam.client.protocol import Saw
from askcam.engine.interface import EngineConfig, ModelInfo
from askcam.engine.question import Clip, Message, Picture, Reason, Role, Sampling, Text, Timings, Trace, Usage
from askcam.features.evidence.case import Circumstances
from askcam.features.evidence.record import Versions
from askcam.features.evidence.retention import EvidenceBounds
from askcam.features.evidence.store import EvidenceStore
from askcam.server.answering.observing import Answered
from askcam.server.answers import Record
from askcam.stream.fit import Fit
from askcam.stream.frame import AgeBasis, Frame, Pixels
from askcam.stream.shot import Shot
from askcam.stream.window import Pair, View

INFO = ModelInfo("tiny", "qwen2_vl", "live", "cpu", "float32", 1000, 8, 4096, commit=None, digest="d" * 64)
COMMON = Circumstances(None, EngineConfig("tiny"), Versions("0.1.0", "2.14", "5.23"))
PLENTY = EvidenceBounds(max_answers=1000, max_bytes=1 << 30, max_days=1000)
CREATED = 1_760_000_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Large:
    """A decoded picture: what a source hands over."""

    pixels: Pixels
    wall: float = CREATED
    mono: float = 1000.0
    basis: AgeBasis = AgeBasis.CAPTURE

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def rgb(self, fit: Fit | None = None) -> Pixels:
        assert fit is None
        return self.pixels


def noise(seed: int, height: int = 28, width: int = 56) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def frame(seq: int, camera: str = "lobby") -> Frame:
    """Its pixels follow from `seq`."""
    return Frame(camera, seq, CREATED + seq / 2, 1000 + seq / 2, noise(seq))


def case(
    name: str,
    frames: Sequence[Frame] = (),
    *,
    created: float = CREATED,
    key: int | None = None,
    attached: Sequence[Picture | Clip] = (),
) -> Answered:
    """One answer about `frames`, two per pair. `key`: a full-size picture of this seed comes with it."""
    pairs = tuple(Pair(i, *frames[2 * i : 2 * i + 2]) for i in range(len(frames) // 2))
    view = View(frames[0].camera, len(frames), 1, 2.0, pairs, provisional=False) if pairs else None
    saw = Saw(view.camera if view else None, None, 80.0, 120.0, name, ["dark"], "live", "capture", "drawn objects only")
    asked = (Message(Role.SYSTEM, (Text("Be terse."),)), Message(Role.USER, (*attached, Text("what is there?"))))
    record = Record(
        saw,
        "what is there?",
        "a cup",
        Reason.STOP,
        Usage(300, 256, 0, 3),
        Timings(wait_s=0.001, first_token_s=0.12, total_s=0.5),
        view.frames if view else (),
        created,
    )
    trace = Trace(np.array([7, *[9] * 256, 8], np.int32), Sampling(max_tokens=20, temperature=0.5, seed=2**62 + 1))
    shot = None if key is None else Shot("lobby", 100 + key, Large(noise(key, 90, 160)), None)
    return Answered(record, asked, (), trace, (4, 5, 6), view, shot, INFO)


OPEN: list[EvidenceStore] = []


def open_store(folder: Path, bounds: EvidenceBounds = PLENTY) -> EvidenceStore:
    """tests/features/evidence/conftest.py closes it, if the test does not."""
    store = EvidenceStore(folder, bounds, COMMON)
    OPEN.append(store)
    store.tidy()
    return store
