"""Comparisons of numbers, as `on_when` of a number has them: ">= 5", "< 2", "= 0", "3..8". Pure."""

import re
from collections.abc import Callable, Iterable
from operator import eq, ge, gt, le, lt

COMPARISON = re.compile(r"\s*(>=|<=|>|<|=)?\s*(\d{1,4})\s*")
SPAN = re.compile(r"\s*(\d{1,4})\s*\.\.\s*(\d{1,4})\s*")
SIGNS: dict[str, Callable[[int, int], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt, "=": eq, "": eq}

Holds = Callable[[int], bool]


def read(text: str) -> Holds:
    """What says whether a number is so. Raises ValueError."""
    if found := COMPARISON.fullmatch(text):
        sign, bound = SIGNS[found[1] or ""], int(found[2])
        return lambda number: sign(number, bound)
    if found := SPAN.fullmatch(text):
        first, last = int(found[1]), int(found[2])
        if first <= last:
            return lambda number: first <= number <= last
    raise ValueError(f"{text!r} is no comparison; write it like '>= 5', '< 2', '= 0' or '3..8'")


def any_of(texts: Iterable[str]) -> Holds:
    """Whether a number is as one of them says, at least. Raises ValueError."""
    all_of_them = [read(text) for text in texts]
    return lambda number: any(holds(number) for holds in all_of_them)
