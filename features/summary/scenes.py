"""What was to be seen, as spans: segments one after another that say the same are one. Pure; one thread."""

from dataclasses import dataclass, replace

from askcam.server.language.things import same


@dataclass(frozen=True, slots=True)
class SceneSpan:
    """From, to, in seconds since the beginning; half open."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SummaryScene:
    """What the segments of a span said."""

    span: SceneSpan
    text: str


class Scenes:
    """Takes segments in order. `gaps` are the spans that no segment covered."""

    def __init__(self) -> None:
        self._found: list[SummaryScene] = []
        self.gaps: list[SceneSpan] = []

    @property
    def found(self) -> tuple[SummaryScene, ...]:
        return tuple(self._found)

    def add(self, span: SceneSpan, text: str) -> None:
        """What one segment says. Segments overlap: a scene begins where the one before ends."""
        if not self._found:
            self._found.append(SummaryScene(span, text))
            return
        last = self._found[-1]
        if span.start_s > last.span.end_s + 1e-6:
            self.gaps.append(SceneSpan(last.span.end_s, span.start_s))
            self._found.append(SummaryScene(span, text))
        elif same(last.text, text):
            self._found[-1] = replace(last, span=SceneSpan(last.span.start_s, span.end_s))
        else:
            self._found.append(SummaryScene(SceneSpan(last.span.end_s, span.end_s), text))
