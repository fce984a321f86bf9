"""What a desk knows, as facts in the wire's words; and where an answer repeats them. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from askcam.client.protocol import Fact, Mark
from askcam.server.catalogue.product import Product, is_han
from askcam.server.desk.sightings import Sighting
from askcam.server.saw import rfc3339

MIN_CHARS = 2  # of a name that is marked; a single Chinese character is too little, too
UNITS = {  # words of which one must stand near a small number, for it to be this one
    "stock": re.compile(r"stock|left|available|库存|有货|件|剩", re.IGNORECASE),
    "delivery_days": re.compile(r"day|deliver|arriv|ship|天|送|日", re.IGNORECASE),
}
NEAR = 24  # characters
SMALL = 1000  # whole numbers from here on are no coincidence


def facts_of(codes: Sequence[Sighting], products: Mapping[str, Product | None]) -> tuple[Fact, ...]:
    """What was read, then what was looked up. `codes` are verified ones. `products` by the codes' text; None: the
    catalogue lacks it; absent: it wasn't looked up."""
    read, found = [], []
    for code in codes:
        at = rfc3339(code.last_wall)
        values = {"format": code.format, "code": code.text}
        read.append(Fact("read", f"{code.format} {code.text}", values, at))
        if code.text not in products:
            continue
        product = products[code.text]
        if product is None:
            missing = {"error": "not found", "barcode": code.text}
            found.append(Fact("looked_up", f"{code.text} is not in the catalogue", missing, at))
        else:
            told: dict[str, Any] = product.told() | {"barcode": code.text}
            if product.names:
                told["names"] = dict(product.names)
            found.append(Fact("looked_up", f"{code.text} in the catalogue: {product.line()}", told, at))
    return (*read, *found)


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
        if not (number and unit and int(float(value)) < SMALL) or unit.search(around):
            yield match.span()


def _edges(value: str) -> tuple[str, str]:
    """Words end where letters end; those of scripts without blanks may go on."""
    return "" if is_han(value[0]) else r"(?<!\w)", "" if is_han(value[-1]) else r"(?!\w)"
