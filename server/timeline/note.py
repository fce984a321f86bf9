"""A note: what a camera showed once its scene had changed; or an event, told as one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from askcam.client.protocol import WatchEvent
from askcam.server.summary.saying import capital
from askcam.server.timeline.naming import Change, changes
from askcam.server.timeline.prompts import NotePrompts


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


def describe(
    camera: str, span: tuple[float, float], before: Sequence[str] | None, names: Sequence[str], sentence: str,
    words: NotePrompts,
) -> Note | None:  # fmt: skip
    """What is to be told of a scene; None when that is no news. `before`: the names of the note before, None at first;
    `sentence`: what happens, in the model's words, "" where it was not asked."""
    change = Change() if before is None else changes(before, names)
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
    """An event as it stands in the timeline; `at`: when it was decided. What a watch asks counts as a thing that comes
    when it turns on and goes when it turns off, so that it is found by that, too."""
    about = event.watch or event.camera
    what = f"{about}: {event.question}" if event.question else about
    said = [f"[{event.kind}]", what]
    if event.answer is not None:
        said.append(event.answer)
    if event.reason:
        said.append(event.reason)
    asked = (f"{event.watch} {event.question or ''}".strip(),) if event.watch else ()
    came = asked if event.kind == "on" else ()
    went = asked if event.kind == "off" else ()
    return Note(event.camera, at, at, " ".join(said), (), came, went, event.id, event.kind, event.frame_url is not None)
