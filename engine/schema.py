"""What of JSON Schema (draft 2020-12) an answer's form may use, checked before anything is compiled. Pure.

A keyword that would not be enforced is refused by its name and place, so that no schema is ever kept in part. What is
wrong with a keyword's value is for the compiler to say (forms.py).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from askcam.engine.errors import QuestionError

MAX_CHARS = 120_000  # OpenAI's bound
MAX_DEPTH = 100
MAX_OPTIONAL = 400  # properties of one object: what may follow is worked out for all of them at every token
LARGEST = 2**53  # beyond it the compiler's numbers are not exact

PARAM = "response_format"
LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})  # of schemas
MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions"})  # from names to schemas
SCHEMAS = frozenset({"items", "additionalItems", "additionalProperties"})  # one schema; `items` once was a list, too
VALUES = frozenset({"$ref", "type", "enum", "const"})
OBJECTS = frozenset({"required", "minProperties", "maxProperties"})
ARRAYS = frozenset({"minItems", "maxItems"})
STRINGS = frozenset({"minLength", "maxLength", "pattern", "format"})
NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
NOTES = frozenset({"title", "description", "default", "examples", "example", "$comment", "discriminator"})  # for people
STRAYED = frozenset({"strict"})  # OpenAI's, which belongs beside a schema: forms are kept in full with it and without
HINTS = frozenset({"deprecated", "readOnly", "writeOnly"})  # for programs: neither says what is valid
KNOWN = LISTS | MAPS | SCHEMAS | VALUES | OBJECTS | ARRAYS | STRINGS | NUMBERS | NOTES | HINTS | STRAYED
AT_ROOT = frozenset({"$schema", "$id"})


def check_schema(text: str) -> None:
    """Raises QuestionError when `text` is no JSON Schema that answers can be held to."""
    check_length(text)
    try:
        _check_root(json.loads(text))
    except ValueError as exc:
        raise _refused(f"is not JSON: {exc}") from exc
    except RecursionError as exc:
        raise _refused("nests too deeply, or refers from one place to the next too many times") from exc


def check_length(text: str) -> None:
    """Raises QuestionError when a schema is longer than any that is read: the one check that costs nothing."""
    if len(text) > MAX_CHARS:
        raise _refused(f"has {len(text)} characters; at most {MAX_CHARS} are read")


def _check_root(root: Any) -> None:
    if not isinstance(root, dict):
        raise _refused("must be a JSON object, like {'type': 'object', ...}")
    _check_numbers(root)
    places = dict(_places(root, "#", 0))
    for at, schema in places.items():
        if isinstance(schema, dict):
            _check(schema, at, places)
    if not _Ends(places).root():
        raise _refused("can never be met: it requires itself inside itself without end")


def _places(schema: Any, at: str, depth: int) -> Iterator[tuple[str, Any]]:
    """`schema` and all schemas in it, by what a reference calls them."""
    if depth > MAX_DEPTH:
        raise _refused(f"nests schemas more than {MAX_DEPTH} deep")
    yield at, schema
    for key, value in schema.items() if isinstance(schema, dict) else ():
        below: Mapping[str, Any] = {}
        if key in MAPS and isinstance(value, dict):
            below = {f"{key}/{name.replace('~', '~0').replace('/', '~1')}": one for name, one in value.items()}
        elif (key in LISTS or key == "items") and isinstance(value, list):
            below = {f"{key}/{i}": one for i, one in enumerate(value)}
        elif key in SCHEMAS:
            below = {key: value}
        for name, one in below.items():
            yield from _places(one, f"{at}/{name}", depth + 1)


def _check(schema: dict[str, Any], at: str, places: Mapping[str, Any]) -> None:
    for key in schema:
        if key not in KNOWN and not (key in AT_ROOT and at == "#"):
            raise _refused(f"uses {key!r} at {at}, which would not be enforced: leave it out")
    if "$ref" in schema and _named(schema["$ref"]) not in places:
        raise _refused(f"refers to {schema['$ref']!r} at {at}: name a schema that is in it, like '#/$defs/name'")
    fewest, required = schema.get("minProperties", 0), schema.get("required", [])
    properties = schema.get("properties", {})
    if not isinstance(required, list) or not isinstance(properties, dict):
        return  # the compiler refuses it
    optional = len(properties.keys() - {name for name in required if isinstance(name, str)})
    if optional > MAX_OPTIONAL:
        raise _refused(f"has {optional} properties at {at} that are not required; at most {MAX_OPTIONAL} are possible")
    if isinstance(fewest, int) and fewest > len(required) + 1:
        # names that the schema does not list may come twice in one object
        raise _refused(f"wants {fewest} properties at {at}: more than one beyond the required ones can't be enforced")


def _check_numbers(value: Any) -> None:
    """Schemas, and the values in them: no number that a 64-bit float can't hold."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _check_numbers(one)
    elif isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:
        raise _refused(f"holds the number {value!s:.24}; only those up to 2**53 are exact")


class _Ends:
    """Which schemas some finite value meets, as far as required parts decide it."""

    def __init__(self, places: Mapping[str, Any]) -> None:
        self._places = places
        self._ended: set[str] = set()  # places that can end: each found by those before it
        self._seen: set[str] = set()  # in this pass

    def root(self) -> bool:
        refs = {_named(one["$ref"]) for one in self._places.values() if isinstance(one, dict) and "$ref" in one}
        known = -1
        while known < len(self._ended) < len(refs):
            known = len(self._ended)
            self._seen.clear()
            for ref in sorted(refs):
                self._ref(ref)
        return self._ends(self._places["#"])

    def _ref(self, ref: str) -> bool:
        if ref not in self._ended and ref not in self._seen:
            self._seen.add(ref)
            if self._ends(self._places[ref]):
                self._ended.add(ref)
        return ref in self._ended

    def _ends(self, schema: Any) -> bool:
        if not isinstance(schema, dict):
            return schema is not False
        if "$ref" in schema and not self._ref(_named(schema["$ref"])):
            return False
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), list) and not any(self._ends(one) for one in schema[key]):
                return False
        if isinstance(schema.get("allOf"), list) and not all(self._ends(one) for one in schema["allOf"]):
            return False
        kinds = schema.get("type", "string")
        kinds = set(kinds if isinstance(kinds, list) else [kinds])
        if "enum" in schema or "const" in schema or not kinds <= {"object", "array"}:
            return True
        return ("object" in kinds and self._object_ends(schema)) or ("array" in kinds and self._array_ends(schema))

    def _object_ends(self, schema: dict[str, Any]) -> bool:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        required = schema.get("required", ())
        if not isinstance(properties, dict) or not isinstance(required, list):
            return True  # the compiler refuses it
        return all(self._ends(properties.get(name, others)) for name in required if isinstance(name, str))

    def _array_ends(self, schema: dict[str, Any]) -> bool:
        first, fewest = schema.get("prefixItems", []), schema.get("minItems", 0)
        if not isinstance(first, list) or not isinstance(fewest, int):
            return True  # likewise
        if not all(self._ends(one) for one in first[:fewest]):
            return False
        return fewest <= len(first) or self._ends(schema.get("items", True))


def _named(ref: Any) -> str:
    """The place that a reference means."""
    return unquote(ref) if isinstance(ref, str) else ""


def _refused(what: str) -> QuestionError:
    return QuestionError(f"the schema {what}", PARAM)
