"""The way of a question in this process: real cameras and a real engine, no sockets."""

from dataclasses import dataclass, field

import cv2

from askcam.engine.question import Message, Part, Role, Sampling, Text
from askcam.features.evidence.writer import EvidenceWriter
from askcam.server.answers import Answers
from askcam.server.asking import Asking
from askcam.server.cameras import Cameras
from askcam.server.metrics import Metrics
from askcam.server.model import Model
from askcam.server.steps import Ask, Done, Step
from askcam.server.tools.base import CallLimits
from askcam.server.tools.box import Toolbox
from askcam.stream.frame import Pixels


@dataclass(slots=True)
class Way:
    """`ask` for the last step or all of them."""

    model: Model
    cameras: Cameras
    tools: Toolbox = field(default_factory=Toolbox)
    limits: CallLimits = field(default_factory=lambda: CallLimits(allow=("*",)))
    answers: Answers = field(default_factory=Answers)
    evidence: EvidenceWriter | None = None
    max_age_s: float | None = None

    def asking(self) -> Asking:
        metrics = Metrics(self.cameras.all)
        kept, usual = (self.answers, metrics, self.tools, self.limits), self.max_age_s
        asking = Asking(self.cameras.models, self.cameras, *kept, max_age_s=usual)
        if self.evidence is not None:
            asking.observe(self.evidence)
        return asking

    async def steps(self, ask: Ask) -> list[Step]:
        return [step async for step in self.asking().ask(ask)]

    async def ask(self, ask: Ask) -> Done:
        last = (await self.steps(ask))[-1]
        assert isinstance(last, Done)
        return last


def asked(*parts: Part | str, camera: str | None = None, **more: object) -> Ask:
    found = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    sampling = more.pop("sampling", Sampling(max_tokens=80, temperature=0))
    return Ask((Message(Role.USER, found),), camera, sampling, **more)  # type: ignore[arg-type]


def jpeg(pixels: Pixels) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    assert done
    return bytes(data.tobytes())
