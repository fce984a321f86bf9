"""Reports of overlapping segments become happenings, each told once. Pure; one thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from askcam.features.summary.prompts import PromptKind
from askcam.server.language.things import key, mentions


@dataclass(frozen=True, slots=True)
class Happening:
    """Something appeared or disappeared between two moments, in seconds since the beginning."""

    kind: PromptKind
    what: str  # in the model's words: "an apple"
    after_s: float  # it had not happened yet
    by_s: float  # it had

    @property
    def at_s(self) -> float:
        """The moment to name: the middle of what is known."""
        return (self.after_s + self.by_s) / 2


@dataclass(frozen=True, slots=True)
class SceneReport:
    """One segment's word about a thing, and where in the segment that was found to be."""

    kind: PromptKind
    what: str
    after_s: float
    by_s: float
    fits: bool  # with what is to be seen at the segment's end: there if it appeared, not there if it disappeared

    @property
    def happening(self) -> Happening:
        return Happening(self.kind, self.what, self.after_s, self.by_s)


def believable(kind: PromptKind, named: Sequence[str], before: str, after: str) -> list[str]:
    """Of several things that one answer names, those that the scenes before and after do not speak against.

    Models like to go on with a list: what was there already did not appear, what is still there did not disappear. One
    thing alone is always believed, and so are all when no other would be left: there may be two of a kind.
    """
    if len(named) < 2:
        return list(named)
    against = before if kind is PromptKind.APPEARED else after
    return [thing for thing in named if not mentions(against, thing)] or list(named)


class Happenings:
    """Takes reports in the order of their segments.

    Segments overlap, so most happenings are reported twice. Two reports are of one happening when they are of one kind
    and from different segments, and name the same thing in spans that touch, or name another thing at the same moment:
    a model that sees a lamp in one segment may see a torch in the next. The name that fits better is kept. What is said
    to have appeared and disappeared at one moment did only one of them: the one that fits.
    """

    def __init__(self) -> None:
        self._found: list[SceneReport] = []
        self._open: list[int] = []  # those that the segment before reported, by index
        self._now: list[int] = []

    @property
    def found(self) -> tuple[Happening, ...]:
        """In order of time."""
        found = (report.happening for report in self._found)
        return tuple(sorted(found, key=lambda happening: (happening.at_s, happening.kind)))

    def known(self, kind: PromptKind, what: str) -> bool:
        """Whether the segment before reported just this."""
        return self._match(kind, what) is not None

    def again(self, kind: PromptKind, what: str) -> None:
        """The present segment reports what is known()."""
        index = self._match(kind, what)
        assert index is not None, f"{what!r} was not reported before"
        self._now.append(index)

    def add(self, report: SceneReport) -> None:
        """The present segment reports what is not known()."""
        for index in (*self._open, *self._now):
            before = self._found[index]
            if before.kind is not report.kind and key(before.what) == key(report.what) and _meet(before, report):
                if report.fits:
                    self._found[index] = report
                return
        for index in self._open:
            before = self._found[index]
            if before.kind is report.kind and index not in self._now and _meet(before, report):
                self._found[index] = report if report.fits and not before.fits else before
                self._now.append(index)
                return
        self._found.append(report)
        self._now.append(len(self._found) - 1)

    def next_segment(self) -> None:
        """The present segment has told all."""
        self._open, self._now = self._now, []

    def _match(self, kind: PromptKind, what: str) -> int | None:
        wanted = key(what)
        for index in self._open:
            if self._found[index].kind is kind and key(self._found[index].what) == wanted:
                return index
        return None


def _meet(one: SceneReport, other: SceneReport) -> bool:
    return one.after_s < other.by_s and other.after_s < one.by_s
