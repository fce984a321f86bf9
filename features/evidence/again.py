"""An answer's evidence becomes a question once more, and what comes of it is compared with what was recorded. Pure."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from askcam.engine.interface import EngineConfig, ModelInfo
from askcam.engine.question import Clip, Finished, Message, Part, Picture, Question, Reason, Text, Trace
from askcam.features.evidence.album import Album
from askcam.features.evidence.record import (
    Evidence,
    PictureRef,
    RecordedClip,
    RecordedPicture,
    RecordedText,
    SeenView,
    Versions,
    spread,
)
from askcam.stream.frame import Frame, Pixels
from askcam.stream.window import Pair, View


class RecordedWindow:
    """A camera that shows for ever what it showed an answer: a door.WindowSource."""

    def __init__(self, seen: SeenView, album: Album) -> None:
        """Raises Broken when a picture is not as it was written."""
        self.name = seen.camera
        pixels: dict[PictureRef, Pixels] = {}
        now, frames = time.monotonic(), []
        for one in seen.frames:
            if one.picture not in pixels:
                pixels[one.picture] = album.pixels(one.picture)
            mono = now - one.before_s
            frames.append(Frame(seen.camera, one.seq, one.wall, mono, pixels[one.picture], one.basis))
        pairs = tuple(Pair(*of) for of in zip(seen.pairs, frames[::2], frames[1::2], strict=True))
        self._view = View(seen.camera, seen.version, seen.epoch, seen.fps, pairs, seen.provisional)

    def look(self) -> View:
        return self._view


def question_of(evidence: Evidence, album: Album) -> Question:
    """The question as it was asked, with the sampling that was carried out. Raises Broken."""
    sampling = replace(evidence.sampling, logprobs=None)
    if evidence.reason is Reason.CANCELLED:  # what would have come after that is not known
        most = max(1, len(evidence.tokens))
        sampling = replace(sampling, max_tokens=most, min_tokens=min(sampling.min_tokens, most))
    return Question(
        messages=tuple(
            Message(turn.role, tuple(_part(part, album) for part in turn.parts), turn.tool_calls)
            for turn in evidence.messages
        ),
        camera=None if evidence.view is None else evidence.view.camera,
        sampling=sampling,
        tools=evidence.tools,
        trace=True,
    )


def _part(part: RecordedText | RecordedPicture | RecordedClip, album: Album) -> Part:
    match part:
        case RecordedText():
            return Text(part.text)
        case RecordedPicture():
            return Picture(album.pixels(part.picture))
        case RecordedClip():
            return Clip(tuple(album.pixels(picture) for picture in part.pictures), part.fps)


def engine_config(evidence: Evidence, model: str, device: str | None, threads: int | None) -> EngineConfig:
    """The portable backend, set as the recorded one was."""
    run = evidence.model
    return EngineConfig(
        model=model,
        backend="portable",
        device=device or "auto",
        dtype=run.dtype,
        attention=run.attention,
        positions=run.positions,
        max_pairs=run.max_pairs,
        min_pixels=run.min_pixels,
        max_pixels=run.max_pixels,
        threads=threads,
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a replay has shown."""

    num_tokens: int  # compared
    first: int | None  # the first token that differs, counted from 0; None: all are the same
    recorded: str
    replayed: str
    differences: tuple[str, ...]  # in what led to it: prompt, model, versions, device

    @property
    def same(self) -> bool:
        return self.first is None


def compare(evidence: Evidence, trace: Trace, finished: Finished, info: ModelInfo, here: Versions) -> Comparison:
    """`trace` and `finished` are the replay's, `info` its model."""
    tokens = finished.tokens[: len(evidence.tokens)] if evidence.reason is Reason.CANCELLED else finished.tokens
    return Comparison(
        num_tokens=len(evidence.tokens),
        first=_first_difference(evidence.tokens, tokens),
        recorded=evidence.text,
        replayed=finished.text,
        differences=(*_prompts(spread(evidence.prompt), trace), *_models(evidence, info), *_versions(evidence, here)),
    )


def _first_difference(one: Sequence[int], other: Sequence[int]) -> int | None:
    if tuple(one) == tuple(other):
        return None
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _prompts(recorded: list[int], trace: Trace) -> list[str]:
    if np.array_equal(recorded, trace.prompt):
        return []
    at = _first_difference(recorded, trace.prompt.tolist())
    return [f"prompt: {len(recorded)} tokens recorded, {len(trace.prompt)} here, which differ from token {at} on"]


def _models(evidence: Evidence, info: ModelInfo) -> list[str]:
    run = evidence.model
    facts = (
        ("model", run.id, info.id),
        ("model's commit", run.commit, info.commit),
        ("digest of the model's files", run.digest[:16], info.digest[:16]),
        ("device", run.device, info.device),
        ("dtype", run.dtype, info.dtype),
    )
    return [f"{what}: {was} recorded, {now} here" for what, was, now in facts if was != now]


def _versions(evidence: Evidence, here: Versions) -> list[str]:
    was = evidence.versions
    facts = (
        ("askcam", was.askcam, here.askcam),
        ("torch", was.torch, here.torch),
        ("transformers", was.transformers, here.transformers),
    )
    return [f"{what}: {old} recorded, {new} here" for what, old, new in facts if old != new]
