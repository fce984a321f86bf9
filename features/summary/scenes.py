"""What was to be seen, as spans: segments one after another that say the same are one. Pure; one thread."""

from dataclasses import dataclass, replace

from askcam.server.language.things import same


@dataclass(frozen=True, slots=True)
class Span:
    """From, to, in seconds since the beginning; half open."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """What the segments of a span said."""

    span: Span
    text: str


class Scenes:
    """Takes segments in order. `gaps` are the spans that no segment covered."""

    def __init__(self) -> None:
        self._found: list[Scene] = []
        self.gaps: list[Span] = []

    @property
    def found(self) -> tuple[Scene, ...]:
        return tuple(self._found)

    def add(self, span: Span, text: str) -> None:
        """What one segment says. Segments overlap: a scene begins where the one before ends."""
        if not self._found:
            self._found.append(Scene(span, text))
            return
        last = self._found[-1]
        if span.start_s > last.span.end_s + 1e-6:
            self.gaps.append(Span(last.span.end_s, span.start_s))
            self._found.append(Scene(span, text))
        elif same(last.text, text):
            self._found[-1] = replace(last, span=Span(last.span.start_s, span.end_s))
        else:
            self._found.append(Scene(Span(last.span.end_s, span.end_s), text))
