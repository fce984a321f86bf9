"""A note: what a camera showed once its scene had changed; or an event, told as one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from askcam.client.watches import WatchEvent
from askcam.features.timeline.names import NameChange, changes
from askcam.features.timeline.prompts import NotePrompts
from askcam.server.language.things import capital


@dataclass(frozen=True, slots=True)
class Note:
    """Times are of the frames, in seconds since the epoch: nothing had changed yet just before `start`, `end` is what
    the model saw last. Names are in the model's words."""

    camera: str
    start: float
    end: float
    text: str
    names: tuple[str, ...] = ()
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    event: int | None = None  # the id of the event that it tells
    kind: str = ""  # of that event
    shown: bool = False  # whether that event has a picture
    asked: str = ""  # the watch of that event, and what it asks

    @property
    def turned(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What it is found by when somebody asks what came, and what went. What a watch asks about has come when the
        watch turns on, and gone when it turns off."""
        on, off = (self.asked if self.kind == kind else "" for kind in ("on", "off"))
        return (*self.came, on), (*self.went, off)


def describe(
    camera: str, span: tuple[float, float], before: Sequence[str] | None, names: Sequence[str], sentence: str,
    words: NotePrompts,
) -> Note | None:  # fmt: skip
    """What is to be told of a scene; None when that is no news. `before`: the names of the note before, None at first;
    `sentence`: what happens, in the model's words, "" where it was not asked."""
    change = NameChange() if before is None else changes(before, names)
    if before is not None and not change and not sentence:
        return None
    told = [capital(words.came.format(thing)) for thing in change.came]
    told += [capital(words.went.format(thing)) for thing in change.went]
    told += [sentence.rstrip(".。")] if sentence else []
    told.append(words.seen.format(words.between.join(names)) if names else words.nothing)
    space = "" if words.full_stop == "。" else " "
    text = space.join(f"{one}{words.full_stop}" for one in told)
    return Note(camera, *span, text, tuple(names), change.came, change.went)


def of_event(event: WatchEvent, at: float) -> Note:
    """An event as it stands in the timeline; `at`: when it was decided."""
    kind = event.kind.replace("_", " ")
    told = f"{event.watch} {kind}: {event.question}" if event.watch else kind.capitalize()
    said = " ".join(filter(None, (told, event.answer, event.reason and f"({event.reason})")))
    asked = f"{event.watch} {event.question or ''}" if event.watch else ""
    return Note(
        event.camera, at, at, said, event=event.id, kind=event.kind, shown=event.frame_url is not None, asked=asked
    )
