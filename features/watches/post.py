"""A watch's post at one camera: its machine, what it has read lately, and the events that come of it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from askcam.client.watches import Reading, WatchEvent, WatchNow
from askcam.features.watches.answers import AnswerWords, YesOrNo
from askcam.features.watches.history import History
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.features.watches.threshold import Watch, WatchTurn
from askcam.server.model import Model
from askcam.server.saw import seen_window
from askcam.server.wire.moments import rfc3339
from askcam.stream.window import View

BEFORE = 30  # readings told with an event: until then ...
AFTER = 10  # ... and since
REMEDIES = {
    Kind.YESNO: "end the question with 'Answer yes or no.'",
    Kind.CHOICE: "ask so that one of the choices is the whole answer",
    Kind.NUMBER: "this model does not answer with a number alone; ask with kind = 'choice'",
}


@dataclass(slots=True, eq=False)
class Post:
    """Owned by the event loop."""

    name: str
    camera: str
    setting: WatchSetting
    model: Model  # that looks
    words: AnswerWords
    watch: Watch
    readings: deque[Reading] = field(default_factory=lambda: deque(maxlen=BEFORE))
    since: float | None = None  # from when on it is on, or is not; seconds since the epoch
    history: History = field(default_factory=History)  # more of them, for whoever draws a line
    last: YesOrNo | None = None
    trouble: str | None = None  # why the last moment was blind
    event: int | None = None  # the newest event, while readings since then are still gathered in `after`
    after: list[Reading] = field(default_factory=list)

    def read(
        self, probabilities: Mapping[str, float], view: View, health: tuple[str, ...], at_wall: float
    ) -> WatchEvent | None:
        """A scoring's result; `at_wall` is now, seconds since the epoch. Returns what is to be told, yet without id."""
        frame = view.newest
        if health and self.setting.only_when_healthy:
            self.miss(f"the picture is {' and '.join(health)}", frame.mono, frame.wall)
            return None
        answer = self.words.read(probabilities)
        if answer.share < self.words.min_share:
            self.miss(self._other_words(answer), frame.mono, frame.wall)
            return None
        self.last, self.trouble = answer, None
        reading = Reading(rfc3339(frame.wall), round(answer.probability, 4))
        self.readings.append(reading)
        self.history.add(frame.wall, reading.probability)
        if self.event is not None:
            self.after.append(reading)
        turn = self.watch.see(answer.probability, frame.mono, frame.wall)
        if turn is not None or self.since is None:
            self.since = frame.wall
        return None if turn is None else self._event(turn, answer, view, at_wall)

    def miss(self, trouble: str, at: float, wall: float) -> None:
        """A blind moment, and why; `at` is steady."""
        self.trouble = trouble
        self.watch.see(None, at, wall)

    @property
    def read_at(self) -> str | None:
        """Capture time of the newest frame that was read, RFC 3339."""
        return self.readings[-1].at if self.readings else None

    def now(self) -> WatchNow:
        """How it stands."""
        last = self.last
        return WatchNow(
            camera=self.camera,
            state=self.watch.state.value,
            probability=None if last is None else round(last.probability, 4),
            answer=None if last is None else last.answer,
            expected=_rounded(None if last is None else last.expected),
            read_at=self.read_at,
            trouble=self.trouble,
            since=None if self.since is None else rfc3339(self.since),
        )

    def _event(self, turn: WatchTurn, answer: YesOrNo, view: View, at_wall: float) -> WatchEvent:
        return WatchEvent(
            id=0,
            kind=turn.value,
            watch=self.name,
            camera=self.camera,
            severity=self.setting.severity.value,
            at=rfc3339(at_wall),
            frame_at=rfc3339(view.newest.wall),
            question=self.setting.question,
            answer=answer.answer,
            expected=_rounded(answer.expected),
            probability=round(answer.probability, 4),
            before=list(self.readings),
            window=seen_window(view),
        )

    def _other_words(self, answer: YesOrNo) -> str:
        remedy = REMEDIES[self.setting.kind]
        return f"the model begins its answer with other words than these (they have {answer.share:.0%}): {remedy}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
