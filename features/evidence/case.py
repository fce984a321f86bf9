"""One answer on its way to the disk: first as the asking knew it, then as a record. Encoding is the writer's work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from askcam.engine.interface import EngineConfig, ModelInfo
from askcam.engine.question import Clip, Message, Text
from askcam.features.evidence.record import (
    Evidence,
    KeyPicture,
    ModelRun,
    PictureRef,
    RecordedClip,
    RecordedPicture,
    RecordedText,
    RecordedTurn,
    SeenPicture,
    SeenView,
    Versions,
    runs,
)
from askcam.server.answering.observing import Answered
from askcam.server.camera_names import private
from askcam.server.pictures import encode as jpeg
from askcam.stream.errors import StreamError
from askcam.stream.frame import Pixels
from askcam.stream.shot import Shot
from askcam.stream.window import View

KEY_QUALITY = 90  # JPEG


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What all answers of one server have in common."""

    asked: str | None  # the model as configured: a folder, absolute, or a hub id; None: the built-in one
    config: EngineConfig
    versions: Versions
    others: "Mapping[str, Circumstances]" = field(default_factory=dict)
    """Of answers that other models gave, by what these are called."""

    def of(self, model: str) -> "Circumstances":
        """Of an answer that the model of that name gave."""
        return self.others.get(model, self)


@dataclass(frozen=True, slots=True)
class Pens:
    """How pictures get to the disk. Each may raise OSError."""

    lossless: Callable[[Pixels], PictureRef]
    photo: Callable[[bytes, int, int], PictureRef]  # (JPEG, width, height)


def written(case: Answered, common: Circumstances, pens: Pens) -> Evidence:
    """The record of a case; its pictures are on the disk then. Raises OSError."""
    record, trace = case.record, case.trace
    assert trace is not None, "evidence is of answers that were traced"
    return Evidence(
        id=record.id,
        created=record.created,
        camera=record.saw.camera,
        private=record.saw.camera is not None and private(record.saw.camera),
        question=record.question,
        messages=tuple(_turn(message, pens) for message in case.messages),
        tools=case.tools,
        tools_called=tuple(msgspec.to_builtins(tool) for tool in record.saw.tools),
        sampling=trace.sampling,
        prompt=runs(trace.prompt.tolist()),
        tokens=case.tokens,
        text=record.text,
        reason=record.reason,
        usage=record.usage,
        timings=record.timings,
        saw=record.saw,
        view=None if case.view is None else _view(case.view, pens),
        key=None if case.shot is None else _key(case.shot, pens),
        model=_run(case.model, common.of(record.saw.model)),
        versions=common.versions,
    )


def _view(view: View, pens: Pens) -> SeenView:
    newest = view.newest
    return SeenView(
        camera=view.camera,
        version=view.version,
        epoch=view.epoch,
        fps=view.fps,
        provisional=view.provisional,
        pairs=tuple(pair.index for pair in view.pairs),
        frames=tuple(
            SeenPicture(pens.lossless(frame.pixels), frame.seq, frame.wall, newest.mono - frame.mono, frame.basis)
            for frame in view.frames
        ),
    )


def _key(shot: Shot, pens: Pens) -> KeyPicture | None:
    try:
        frame = shot.full()
    except StreamError:  # its source cannot give it any more
        return None
    picture = pens.photo(jpeg(frame.pixels, KEY_QUALITY), frame.width, frame.height)
    return KeyPicture(picture, frame.seq, frame.wall)


def _turn(message: Message, pens: Pens) -> RecordedTurn:
    parts: list[RecordedText | RecordedPicture | RecordedClip] = []
    for part in message.parts:
        if isinstance(part, Text):
            parts.append(RecordedText(part.text))
        elif isinstance(part, Clip):
            parts.append(RecordedClip(tuple(pens.lossless(pixels) for pixels in part.frames), part.fps))
        else:
            parts.append(RecordedPicture(pens.lossless(part.pixels)))
    return RecordedTurn(message.role, tuple(parts), message.tool_calls)


def _run(info: ModelInfo, common: Circumstances) -> ModelRun:
    config = common.config
    return ModelRun(
        asked=common.asked,
        id=info.id,
        family=info.family,
        commit=info.commit,
        digest=info.digest,
        backend=info.backend,
        device=info.device,
        dtype=info.dtype,
        attention=config.attention,
        positions=config.positions,
        max_pairs=info.max_pairs,
        min_pixels=config.min_pixels,
        max_pixels=config.max_pixels,
    )
