"""What became of a video: the value that all ways of writing it are made from. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from askcam.features.summary.happenings import Happening
from askcam.features.summary.prompts import PromptKind, Prompts
from askcam.features.summary.scenes import SceneSpan, SummaryScene
from askcam.server.language.things import capital


@dataclass(frozen=True, slots=True)
class Summary:
    """All times are seconds since the beginning. What no segment covered is in `gaps`."""

    source: str  # redacted
    seconds: float  # looked at
    started: float | None  # seconds since the epoch, of a camera's first frame; None for a file
    model: str
    note: str  # to be shown with the model's answers
    language: str
    fps: float
    segment_s: float
    num_segments: int
    happenings: tuple[Happening, ...]
    scenes: tuple[SummaryScene, ...]
    gaps: tuple[SceneSpan, ...]
    took_s: float


def line(happening: Happening, words: Prompts) -> str:
    """ "an apple appeared"."""
    return words.came[happening.kind].format(happening.what[:1].lower() + happening.what[1:])


def in_short(summary: Summary, words: Prompts) -> Iterator[str]:
    """A few sentences, made of what the model said and of counts; nothing in them is invented."""
    first, last = summary.scenes[0], summary.scenes[-1]
    if len(summary.scenes) == 1:
        yield words.throughout.format(capital(first.text))
    else:
        yield words.at_first.format(capital(first.text))
        yield words.at_the_end.format(capital(last.text))
    counts = [
        sum(one.kind is kind for one in summary.happenings) for kind in (PromptKind.APPEARED, PromptKind.DISAPPEARED)
    ]
    yield words.counted.format(*counts) if any(counts) else words.nothing
    if summary.gaps:
        yield words.gaps.format(", ".join(f"{clock(gap.start_s)}-{clock(gap.end_s)}" for gap in summary.gaps))


def clock(seconds: float) -> str:
    """01:02:03, rounded to whole seconds."""
    whole = max(0, int(seconds + 0.5))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
