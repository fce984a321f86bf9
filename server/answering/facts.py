"""What was read or looked up for an answer, and where the answer repeats it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from askcam.client.protocol import CalledTool, Fact, Mark
from askcam.server.language.chinese import is_han
from askcam.server.nesting import parsed

MIN_CHARS = 2  # of a name that is marked; a single Chinese character is too little, too
UNITS = {  # words of which one must stand near a small number, for it to be this one
    "stock": re.compile(r"stock|left|available|库存|有货|件|剩", re.IGNORECASE),
    "delivery_days": re.compile(r"day|deliver|arriv|ship|天|送|日", re.IGNORECASE),
}
NEAR = 24  # characters
SMALL = 1000  # whole numbers from here on are no coincidence


def told_by(result: CalledTool) -> list[Fact]:
    """What a server-side tool has said, as a fact."""
    if result.output is None:
        return []
    try:
        found = parsed(result.output)
    except ValueError:  # text, or something too deep to be looked through
        found = None
    values = found if isinstance(found, dict) else {}
    if "error" in values:
        return []
    source: Literal["read", "looked_up"] = "read" if result.name == "read_barcode" else "looked_up"
    return [Fact(source, f"{result.name}: {result.output[:200]}", values)]


def marks(answer: str, facts: Sequence[Fact]) -> tuple[Mark, ...]:
    """Where `answer` repeats what facts say, word for word, in the order of the text; of two that overlap, the longer.
    Whatever is not marked was only seen."""
    spans = [
        (start, end, number)
        for number, fact in enumerate(facts)
        for kind, value in _values(fact)
        for start, end in _found(answer, kind, value)
    ]
    taken: list[Mark] = []
    for start, end, number in sorted(spans, key=lambda span: (span[0] - span[1], span[2], span[0])):
        if all(end <= mark.start or start >= mark.end for mark in taken):
            taken.append(Mark(start, end, number))
    return tuple(sorted(taken, key=lambda mark: mark.start))


def _values(fact: Fact) -> Iterator[tuple[str, str]]:
    """What of a fact can be repeated, and what kind of thing it is."""
    for kind, value in fact.values.items():
        if kind in ("error", "format", "currency"):
            continue
        for each in value.values() if isinstance(value, Mapping) else (value,):
            if isinstance(each, str | int | float) and not isinstance(each, bool):
                yield kind, str(each)


def _found(answer: str, kind: str, value: str) -> Iterator[tuple[int, int]]:
    number = re.fullmatch(r"\d+(?:\.\d+)?", value) is not None
    if not number and len(value) < MIN_CHARS:
        return
    before, after = (r"(?<![\d])(?<!\d[.,])", r"(?![\d])(?![.,]\d)") if number else _edges(value)
    for match in re.finditer(before + re.escape(value) + after, answer, re.IGNORECASE):
        unit = UNITS.get(kind)
        around = answer[max(0, match.start() - NEAR) : match.end() + NEAR]
        if not (number and unit and float(value) < SMALL) or unit.search(around):
            yield match.span()


def _edges(value: str) -> tuple[str, str]:
    """Words end where letters end; those of scripts without blanks may go on."""
    return "" if is_han(value[0]) else r"(?<!\w)", "" if is_han(value[-1]) else r"(?!\w)"
