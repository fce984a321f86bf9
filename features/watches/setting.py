"""What a watch is told to do. Field of [watches.NAME] and of the wire; checked as it is made. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

from askcam.features.events.severity import Severity
from askcam.features.watches.comparing import any_of
from askcam.features.watches.quiet import QuietHours
from askcam.server.language.time_zone import zone as time_zone

RESERVED = frozenset({"proposals"})  # what stands under /v1/watches beside them
MAX_QUESTION = 1000  # characters
MAX_CAMERAS = 64
MAX_CHOICES = 16
DAY_S = 86_400.0
SECONDS = {"every_s": (0.2, 3600.0), "window_s": (0.0, 3600.0), "for_s": (0.0, DAY_S), "cooldown_s": (0.0, 30 * DAY_S)}


class Kind(StrEnum):
    YESNO = "yesno"  # the probability of yes
    CHOICE = "choice"  # that of the choices in `on_when` together
    NUMBER = "number"  # that of the numbers that are as `on_when` says
    TEXT = "text"  # no probability: the answer itself, and when it has changed


Share = Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class WatchSetting:
    """A standing question. Seconds are of the frames' time. Raises ValueError, naming the field first."""

    question: str
    cameras: tuple[str, ...]
    kind: Kind = Kind.YESNO
    choices: tuple[str, ...] = ()  # of a choice: each one token of the model
    on_when: tuple[str, ...] = ()  # those of them that turn it on; of a number: comparisons, any of which does
    every_s: float = 2.0  # how often it is asked
    window_s: float = 2.0  # about how much of the camera's window: at least so much of its end (View.recent)
    on: Share = 0.7  # at this probability and above it begins to turn on ...
    off: Share = 0.4  # ... and at this one and below, off
    for_s: float = 1.0  # it must hold for so long before it counts
    cooldown_s: float = 0.0  # after it turned on, it does not do so again for so long
    quiet: tuple[str, ...] = ()  # hours in which it does not turn on: "22:00-06:30"
    time_zone: str = "UTC"  # of `quiet`
    severity: Severity = Severity.WARNING
    only_when_healthy: bool = True  # a dark, frozen, blurred or overexposed picture changes nothing
    enabled: bool = True
    model: str | None = None  # which of the server's models looks; None: each camera's own
    zone: str | None = None  # which zone of each camera is looked at; None: all of its picture

    def __post_init__(self) -> None:
        if not 1 <= len(self.question.strip()) <= MAX_QUESTION:
            raise ValueError(f"question has {len(self.question)} characters; it must have 1 to {MAX_QUESTION}")
        if not 1 <= len(self.cameras) <= MAX_CAMERAS or len(set(self.cameras)) < len(self.cameras):
            raise ValueError(f"cameras must name 1 to {MAX_CAMERAS} cameras, each once")
        self._check_answers()
        for name, (least, most) in SECONDS.items():
            if not least <= (value := getattr(self, name)) <= most:
                raise ValueError(f"{name} is {value:g}; it must be {least:g} to {most:g} seconds")
        if not 0 <= self.off < self.on <= 1:
            raise ValueError(f"off is {self.off:g}; it must be 0 or more, and less than on = {self.on:g} (at most 1)")
        for name, read in (("quiet", QuietHours.read), ("time_zone", time_zone)):
            value = getattr(self, name)
            for text in value if isinstance(value, tuple) else (value,):
                try:
                    read(text)
                except ValueError as exc:
                    raise ValueError(f"{name} is wrong: {exc}") from exc

    def _check_answers(self) -> None:
        """`choices` and `on_when`."""
        if self.kind is Kind.CHOICE:
            self._check_choices()
        elif self.choices:
            raise ValueError("choices are of kind = 'choice'; leave choices and on_when out, or say kind = 'choice'")
        elif self.kind is Kind.NUMBER:
            self._check_numbers()
        elif self.on_when:
            raise ValueError("on_when is of kind = 'choice' or 'number'; leave it out, or name the kind")

    def _check_numbers(self) -> None:
        if not 1 <= len(self.on_when) <= MAX_CHOICES:
            raise ValueError(f"on_when must be 1 to {MAX_CHOICES} comparisons such as '>= 5'; any of them turns it on")
        try:
            any_of(self.on_when)
        except ValueError as exc:
            raise ValueError(f"on_when is wrong: {exc}") from exc

    def _check_choices(self) -> None:
        if not 2 <= len(self.choices) <= MAX_CHOICES or len(set(self.choices)) < len(self.choices):
            raise ValueError(f"choices must be 2 to {MAX_CHOICES} different answers; there are {len(self.choices)}")
        if not self.on_when or not set(self.on_when) < set(self.choices):
            raise ValueError("on_when must name some of the choices, and not all: those that turn the watch on")

    @property
    def quiet_hours(self) -> tuple[QuietHours, ...]:
        return tuple(map(QuietHours.read, self.quiet))

    @property
    def clock(self) -> ZoneInfo:
        """Of `quiet`."""
        return time_zone(self.time_zone)

    def asks_the_same(self, other: "WatchSetting") -> bool:
        """Whether their states mean the same."""
        return (self.question, self.zone, self.kind, self.choices, self.on_when) == (
            other.question,
            other.zone,
            other.kind,
            other.choices,
            other.on_when,
        )
