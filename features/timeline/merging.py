"""Notes and events of a minute, an hour or a day as one value: how many, what came and went, when first and last. Pure.

Digests of any parts, in any order, give the digest of the whole: a restart, a clock that is set back, or a note that
comes late change nothing in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from askcam.features.timeline.names import same
from askcam.features.timeline.note import Note

MAX_THINGS = 200  # of one digest; the rarest are left out
TOLD = 6  # of them are in its text


class Thing(msgspec.Struct, frozen=True, array_like=True):
    """One thing in a span. Seconds since the epoch."""

    name: str
    seen: int = 0  # notes that name it
    came: int = 0
    went: int = 0
    first: float = 0.0
    last: float = 0.0


class Digest(msgspec.Struct, frozen=True):
    """What there was in a span."""

    notes: int = 0
    events: Mapping[str, int] = {}  # by kind
    things: Mapping[str, Thing] = {}  # by naming.same()


@dataclass(frozen=True, slots=True)
class MergedWords:
    """A digest in words, by language."""

    note: str  # one
    notes: str
    event: str
    events: str
    came: str
    went: str
    seen: str
    joint: str
    stop: str


ENGLISH = MergedWords(
    "{} note", "{} notes", "{} event ({})", "{} events ({})", "Appeared: {}", "Disappeared: {}", "Seen: {}", ", ", ". "
)
CHINESE = MergedWords(
    "{} 条记录", "{} 条记录", "{} 个事件（{}）", "{} 个事件（{}）", "出现：{}", "消失：{}", "看到：{}", "、", "。"
)


def digest_of(note: Note) -> Digest:
    if note.event is not None:
        return Digest(events={note.kind: 1})
    things: dict[str, Thing] = {}
    for names, counted in ((note.names, "seen"), (note.came, "came"), (note.went, "went")):
        for name in names:
            known = things.get(same(name), Thing(name, first=note.start, last=note.end))
            things[same(name)] = msgspec.structs.replace(known, **{counted: getattr(known, counted) + 1})
    return Digest(1, {}, things)


def merged(digests: Iterable[Digest]) -> Digest:
    notes, events, things = 0, dict[str, int](), dict[str, Thing]()
    for one in digests:
        notes += one.notes
        for kind, count in one.events.items():
            events[kind] = events.get(kind, 0) + count
        for what, thing in one.things.items():
            things[what] = _both(things[what], thing) if what in things else thing
    if len(things) > MAX_THINGS:
        things = {what: things[what] for what in sorted(things, key=lambda what: _weight(things[what]))[:MAX_THINGS]}
    return Digest(notes, dict(sorted(events.items())), dict(sorted(things.items())))


def in_words(digest: Digest, words: MergedWords) -> str:
    """One line, of the most frequent things."""
    said = [(words.note if digest.notes == 1 else words.notes).format(digest.notes)] if digest.notes else []
    if digest.events:
        kinds = words.joint.join(f"{kind} {count}" for kind, count in digest.events.items())
        count = sum(digest.events.values())
        said.append((words.event if count == 1 else words.events).format(count, kinds))
    for counted, phrase in (("came", words.came), ("went", words.went), ("seen", words.seen)):
        names = [
            thing.name + (f" {count}x" if count > 1 and counted != "seen" else "")
            for thing in sorted(digest.things.values(), key=_weight)
            if (count := getattr(thing, counted))
        ]
        if names:
            said.append(phrase.format(words.joint.join(names[:TOLD])) + ("…" if len(names) > TOLD else ""))
    return words.stop.join(said) + words.stop.rstrip()


def names_of(digest: Digest, counted: str) -> tuple[str, ...]:
    """All things that were `seen`, `came` or `went`, most frequent first."""
    ordered = sorted(digest.things.values(), key=_weight)
    return tuple(thing.name for thing in ordered if getattr(thing, counted))


def words_in(language: str) -> MergedWords:
    return CHINESE if language.strip().casefold().startswith(("zh", "chinese", "中文")) else ENGLISH


def _both(one: Thing, other: Thing) -> Thing:
    return Thing(
        min(one.name, other.name),
        one.seen + other.seen,
        one.came + other.came,
        one.went + other.went,
        min(one.first, other.first),
        max(one.last, other.last),
    )


def _weight(thing: Thing) -> tuple[int, int, str]:
    """Sorts what came, went and was seen most first; one way only, whatever order it came in."""
    return -(thing.came + thing.went), -thing.seen, thing.name
