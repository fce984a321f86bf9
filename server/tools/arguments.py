"""Arguments of a call, checked against the tool's own schema before it runs. Pure, and bounded.

Where the schema could be compiled the answer was held to it. Else it is someone's from outside that nothing is known
of: it may refer to itself ten times on ten levels, hold patterns that never end, or name addresses to fetch more from.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped, unused-ignore]
import referencing
from jsonschema.exceptions import best_match  # type: ignore[import-untyped, unused-ignore]

from askcam.engine.patterns import fits

log = logging.getLogger(__name__)

MAX_STEPS = 5_000  # keywords looked at for one call: tens of milliseconds
PATTERN_STEPS = 250  # what a pattern counts for

Rule = Callable[[Any, Any, Any, Any], Iterator[Any] | None]
BASE = jsonschema.Draft202012Validator


class TooCostly(Exception):
    """The check was given up."""


def wrong_argument(arguments: Mapping[str, object], schema: Mapping[str, Any], tool: str) -> str | None:
    """What is wrong with them, in one line; None when nothing is, or the schema is of no use."""
    left = MAX_STEPS

    def spend(num: int) -> None:
        nonlocal left
        left -= num
        if left < 0:
            raise TooCostly(f"it takes more than {MAX_STEPS} steps")

    validator = jsonschema.validators.extend(BASE, {key: _counted(rule, spend) for key, rule in _rules(spend).items()})
    try:
        errors = validator(_undated(schema), registry=referencing.Registry()).iter_errors(arguments)
        error = best_match(errors)
    except Exception as exc:  # a schema that is none, or costs too much
        log.warning("the schema of tool %s cannot be used to check arguments: %s", tool, f"{exc}"[:300])
        return None
    return None if error is None else f"{error.json_path}: {error.message}"[:300]


def _rules(spend: Callable[[int], None]) -> dict[str, Rule]:
    """Those of the draft, but for the ones that would ask Python's `re`."""

    def found(pattern: Any, text: str) -> bool | None:
        spend(PATTERN_STEPS)
        return fits(pattern, text) if isinstance(pattern, str) else None

    def pattern(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        if isinstance(value, str) and found(wanted, value) is False:
            yield jsonschema.ValidationError(f"{value!r:.100} does not match {wanted!r:.100}")

    def by_pattern(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        for name, each in value.items() if isinstance(value, dict) else ():
            for one, inner in wanted.items():
                if found(one, name):
                    yield from validator.descend(each, inner, path=name, schema_path=one)

    def others(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for name, each in value.items() if isinstance(value, dict) else ():
            if name in known or any(found(one, name) is not False for one in patterns):
                continue
            if wanted is False:
                yield jsonschema.ValidationError(f"there is no argument {name!r:.100}")
            elif isinstance(wanted, dict):
                yield from validator.descend(each, wanted, path=name)

    rules: dict[str, Rule] = dict(BASE.VALIDATORS)
    unseen = dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), _nothing)  # they look all up again, by `re`
    return rules | unseen | {"pattern": pattern, "patternProperties": by_pattern, "additionalProperties": others}


def _undated(schema: Any) -> Any:
    """Without `$schema`, by which any part could call for a validator with rules of its own."""
    if isinstance(schema, list):
        return [_undated(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {key: _undated(one) for key, one in schema.items() if key != "$schema" or not isinstance(one, str)}


def _nothing(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
    return iter(())


def _counted(rule: Rule, spend: Callable[[int], None]) -> Rule:
    def look(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        spend(1)
        yield from rule(validator, wanted, value, schema) or ()

    return look
