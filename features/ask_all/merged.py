"""An answer that is made of several cameras': its end, what it saw, and its record where no model has worded it."""

import time
from collections.abc import Sequence

import msgspec

from askcam.client.protocol import CameraAnswer, Saw
from askcam.engine.question import Reason, Timings, Usage
from askcam.server.answering.trained import asked
from askcam.server.answers import Answers, Record
from askcam.server.steps import Ask, MadeBy, MergedDone, SeenStep, Step, TextDelta


def of_all(saw: Saw, answers: Sequence[CameraAnswer], taken_at: Sequence[float]) -> Saw:
    """What one answer saw that is made of others'; as old as the oldest of these is by now."""
    age_ms = round((time.monotonic() - min(taken_at)) * 1000, 1) if taken_at else None
    return msgspec.structs.replace(saw, frame_age_ms=age_ms, answers=list(answers))


def told(answers: Answers, ask: Ask, text: str, saw: Saw, used: Usage, made_by: MadeBy) -> list[Step]:
    """An answer that no model has worded, and its record. `used`: by those that it is made of."""
    took_s = time.monotonic() - ask.received
    saw = msgspec.structs.replace(saw, ttft_ms=round(took_s * 1000, 1))
    timings = Timings(first_token_s=took_s, total_s=took_s)
    owner = ask.client.viewer.owner
    record = Record(saw, asked(ask.messages), text, Reason.STOP, Usage(), timings, owner=owner)
    answers.put(record, ask.client.key)
    return [SeenStep(saw), TextDelta(text), MergedDone(Reason.STOP, text, saw, used, timings, made_by=made_by)]
