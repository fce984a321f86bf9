"""From moments to samples, by the very way of a watch: Engine.score, and words that make a probability of it."""

import queue
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from askcam.engine.interface import Engine
from askcam.engine.question import Failed, Message, Question, Role, Sampling, Scored, ScoreEvent, Text
from askcam.features.calibration.moments import CAMERA, AskedMoment, Moment
from askcam.features.watches.answers import AnswerWords, words
from askcam.features.watches.setting import WatchSetting
from askcam.server.judging.samples import Sample
from askcam.stream.window import View


class _Held:
    """A door.WindowSource that shows one moment until it is given the next."""

    name = CAMERA

    def __init__(self) -> None:
        self.view: View | None = None

    def look(self) -> View:
        assert self.view is not None, "nothing is asked before the first moment"
        return self.view


@dataclass(frozen=True, slots=True)
class Readings:
    samples: tuple[Sample, ...]
    blind: int  # moments at which the model began its answer with other words than the watch's: a watch skips them


def read(
    engine: Engine, moments: Iterable[Moment], setting: WatchSetting, told: Callable[[float, int], None]
) -> Readings:
    """Score each moment in turn; on the calling thread, which waits for the engine.

    `told` hears after each where it was, and how many readings there are by now. Raises Refusal for a question that
    this model cannot score, what the engine fails with, and what `moments` raises.
    """
    meanings = words(setting, engine.single)  # refused before anything is decoded
    samples: list[Sample] = []
    blind, held = 0, _Held()
    try:
        for moment in moments:
            new, held.view = held.view is None, moment.view
            if new:
                engine.attach(held)
            for asked, row in zip(moment.asked, _scored(engine, moment.asked, meanings, setting.window_s), strict=True):
                answer = meanings.read(row)
                if answer.share < meanings.min_share:
                    blind += 1
                else:
                    samples.append(Sample(answer.probability, asked.true, asked.piece, moment.at_s))
            told(moment.at_s, len(samples))
    finally:
        if held.view is not None:
            engine.detach(CAMERA)
    return Readings(tuple(samples), blind)


def _scored(
    engine: Engine, asked: Sequence[AskedMoment], meanings: AnswerWords, window_s: float
) -> list[dict[str, float]]:
    """The probability of each word as the first token of each answer."""
    choices = tuple(meanings.meaning)
    questions = [
        Question(
            (Message(Role.USER, (Text(one.question + meanings.ending),)),),
            CAMERA,
            Sampling(max_tokens=1),
            window_s=window_s,
        )
        for one in asked
    ]
    events: queue.SimpleQueue[ScoreEvent] = queue.SimpleQueue()
    engine.score(questions, choices, events.put)
    event = events.get()
    if isinstance(event, Failed):
        raise event.error
    assert isinstance(event, Scored), "nobody cancels it"
    return [dict(zip(choices, row, strict=True)) for row in event.probabilities]
