"""What a model was trained for, as its folder states it ("trained" in askcam.json). Pure.

A small model makes something up at whatever else it is given. What is done then is the asker's: server/answering/ says
it in plain words. A model without such a statement is not limited.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_PATTERN = 2000  # characters


@dataclass(frozen=True, slots=True)
class Results:
    """Results of tools that the model can put into words: JSON objects of `keys`, from tools whose name or description
    speaks of what `tools` matches. `asked`: for questions like that, the keys that must be there."""

    tools: re.Pattern[str]
    keys: frozenset[str]
    asked: tuple[tuple[re.Pattern[str], frozenset[str]], ...]
    numbers: frozenset[str] = frozenset()  # keys whose values must be numbers, or be written as such
    counts: frozenset[str] = frozenset()  # keys whose values must be whole and not negative


@dataclass(frozen=True, slots=True)
class TrainedForms:
    """Forms that the model fills: how long a text, and how many items a list may have at most."""

    max_length: int
    max_items: int


@dataclass(frozen=True, slots=True)
class Trained:
    """`most_tools`: so many it tells apart at once; None: any number. `results` None: it puts no tool's results into
    words. `forms` None: any form. `beyond`: questions that it cannot
    answer, by kind ("boxes", "json", "talk"); `but`: those that it can all the same. `declines`: its own words when it
    will not answer. `yes_no`: questions that only want a yes or a no. `other`: a model for the rest, as --model takes
    it.
    """

    most_tools: int | None = None
    results: Results | None = None
    forms: TrainedForms | None = None
    beyond: tuple[tuple[str, re.Pattern[str]], ...] = ()
    but: re.Pattern[str] | None = None
    declines: tuple[str, ...] = ()
    yes_no: re.Pattern[str] | None = None
    other: str = ""


def read_trained(data: Mapping[str, Any] | None) -> Trained | None:
    """As askcam.json states it; None: the model is not limited. Raises ValueError, TypeError, KeyError."""
    if data is None:
        return None
    forms, talk, results = data.get("forms"), data.get("talk", {}), data.get("results")
    most = data.get("most_tools")
    return Trained(
        most_tools=None if most is None else int(most),
        results=None if results is None else _results(results),
        forms=None if forms is None else TrainedForms(int(forms["max_length"]), int(forms["max_items"])),
        beyond=tuple((str(kind), _pattern(text)) for kind, text in talk.get("beyond", {}).items()),
        but=_maybe(talk.get("but")),
        declines=tuple(map(str, talk.get("declines", ()))),
        yes_no=_maybe(talk.get("yes_no")),
        other=str(data.get("other", "")),
    )


def _results(data: Mapping[str, Any]) -> Results:
    return Results(
        _pattern(data["tools"]),
        frozenset(map(str, data["keys"])),
        tuple((_pattern(one["like"]), frozenset(map(str, one["needs"]))) for one in data["asked"]),
        frozenset(map(str, data.get("numbers", ()))),
        frozenset(map(str, data.get("counts", ()))),
    )


def _maybe(text: str | None) -> re.Pattern[str] | None:
    return None if text is None else _pattern(text)


def _pattern(text: str) -> re.Pattern[str]:
    if len(text) > MAX_PATTERN:
        raise ValueError(f"a pattern has {len(text)} characters, want at most {MAX_PATTERN}")
    try:
        return re.compile(text, re.IGNORECASE | re.ASCII)  # \b between Latin and Chinese
    except re.error as exc:
        raise ValueError(f"{text!r} is no pattern: {exc}") from exc
