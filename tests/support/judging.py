"""Events of watches against the truth. Pure: times in seconds since the epoch, and nothing else of the world.

What changes while nobody can look (the camera or the server is away) is not there to be told: of such a span only what
is otherwise at its end than at its beginning has to be told, soon after it. What changed shortly before, and was not
noticed yet, counts as if it were within; and so does what changed again before it could be noticed after it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from support.scripted import Change


@dataclass(frozen=True, slots=True)
class Span:
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Rules:
    """How soon a change is to be told, and how long a thing may be there or gone and not be noticed yet."""

    limit_s: float = 15.0
    notice_s: float = 12.0


@dataclass(frozen=True, slots=True)
class Expected:
    """One change that is to be told, or may be: from `since` until `due`."""

    at: float
    there: bool
    since: float
    due: float
    required: bool
    hidden: bool  # it happened where nobody could look: its delay is that of the outage


@dataclass(frozen=True, slots=True)
class Told:
    """One event "on" or "off" of a watch at a camera."""

    id: int
    at: float
    on: bool


@dataclass(slots=True)
class Score:
    """Of one watch at one camera, or of several together."""

    required: int = 0
    found: int = 0
    extra: int = 0  # of what need not be told, and was: true all the same
    invented: list[Told] = field(default_factory=list)  # no change explains them
    missed: list[Expected] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)  # of found ones that were not hidden
    hidden_delays_s: list[float] = field(default_factory=list)  # of the others
    repeated: int = 0  # "on" after "on", or "off" after "off"

    def add(self, other: "Score") -> None:
        self.required += other.required
        self.found += other.found
        self.extra += other.extra
        self.repeated += other.repeated
        self.invented += other.invented
        self.missed += other.missed
        self.delays_s += other.delays_s
        self.hidden_delays_s += other.hidden_delays_s

    @property
    def recall(self) -> float | None:
        return self.found / self.required if self.required else None

    @property
    def precision(self) -> float | None:
        told = self.found + self.extra + len(self.invented)
        return (self.found + self.extra) / told if told else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """Those that touch are one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def expected(changes: Sequence[Change], outages: Iterable[Span], watched: Span, rules: Rules) -> list[Expected]:
    """What is to be told of a thing that is not there at first; `watched`: while it was looked at at all.

    What changed too shortly before the end, or after it, may be told and need not be.
    """
    blind = merged(Span(outage.start - rules.notice_s, outage.end + rules.notice_s) for outage in outages)
    inside = {span: [change for change in changes if span.start <= change.at < span.end] for span in blind}
    hidden = {change for listed in inside.values() for change in listed}
    found = [
        Expected(one.at, one.there, one.at, one.at + rules.limit_s, _in_time(one.at, watched, rules), hidden=False)
        for one in changes
        if one not in hidden and watched.start <= one.at
    ]
    for span, listed in inside.items():
        for i, one in enumerate(listed):
            due = max(span.end - rules.notice_s, one.at) + rules.limit_s
            net = len(listed) % 2 == 1 and i == len(listed) - 1
            since = listed[0].at if net else one.at
            found.append(
                Expected(one.at, one.there, since, due, net and _in_time(due - rules.limit_s, watched, rules), True)
            )
    return sorted(found, key=lambda one: one.at)


def _in_time(at: float, watched: Span, rules: Rules) -> bool:
    return at + rules.limit_s <= watched.end


def judge(told: Iterable[Told], wanted: Sequence[Expected]) -> Score:
    """Each event explains one change at most, so that as many as can be are explained, and as many as can be of the
    changes that have to be told are told."""
    events, score = sorted(told, key=lambda one: one.id), Score(required=sum(one.required for one in wanted))
    explained = _matched(events, sorted(wanted, key=lambda one: (not one.required, one.at)))
    before = False
    for number, event in enumerate(events):
        score.repeated += event.on is before
        before = event.on
        change = explained.get(number)
        if change is None:
            score.invented.append(event)
        elif change.required:
            score.found += 1
            (score.hidden_delays_s if change.hidden else score.delays_s).append(event.at - change.at)
        else:
            score.extra += 1
    score.missed = [one for one in wanted if one.required and one not in explained.values()]
    return score


def _matched(events: Sequence[Told], changes: Sequence[Expected]) -> dict[int, Expected]:
    """A largest matching by augmenting paths (Kuhn), in which no change loses its event to one that comes after it."""
    found: dict[int, Expected] = {}

    def explains(change: Expected, tried: set[int]) -> bool:
        fitting = [i for i, one in enumerate(events) if one.on is change.there and change.since <= one.at <= change.due]
        for number in sorted(fitting, key=lambda i: (events[i].at < change.at, events[i].at)):
            if number not in tried:
                tried.add(number)
                if number not in found or explains(found[number], tried):
                    found[number] = change
                    return True
        return False

    for change in changes:
        explains(change, set())
    return found


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))] if ordered else None
