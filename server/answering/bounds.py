"""Whether the JSON that a schema describes has an end: every text, list and number in it, and the objects themselves.

A small model that may go on does. What schemas may use at all is the engine's (engine/schema.py). Pure.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from askcam.engine.trained import TrainedForms

MOST_STEPS = 20_000  # places that are looked at; the engine's own bound on a schema's length is behind it
SHORT = frozenset({"date", "time", "date-time", "ipv4", "ipv6", "uuid"})  # formats that have an end by themselves
ENDLESS = frozenset("*+")


class Unbounded(Exception):
    """`what` at `where` has no end, or none that is near; `remedy` is what to write there."""

    def __init__(self, where: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.where, self.what, self.remedy = where, what, remedy


def check_bounds(root: Any, forms: TrainedForms) -> None:
    """Raises Unbounded. What is no schema at all is for others to refuse."""
    _Walk(root, forms).check(root, "#", ())


class _Walk:
    def __init__(self, root: Any, forms: TrainedForms) -> None:
        self._root, self._forms = root, forms
        self._done: set[str] = set()  # references that have an end
        self._steps = 0

    def check(self, schema: Any, at: str, refs: tuple[str, ...]) -> None:
        """`refs`: those that lead here."""
        self._steps += 1
        if self._steps > MOST_STEPS or len(at) > 2000:
            raise Unbounded(at, "schema", "less")
        if schema is False:
            return
        if not isinstance(schema, Mapping):
            raise Unbounded(at, "anything", "type")
        if "enum" in schema or "const" in schema:
            return
        if isinstance(ref := schema.get("$ref"), str):
            return self._ref(ref, at, refs)
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), list):
                for i, one in enumerate(schema[key]):
                    self.check(one, f"{at}/{key}/{i}", refs)
                return None
        if isinstance(schema.get("allOf"), list):
            return self._all_of(schema, at, refs)
        return self._typed(schema, at, refs)

    def _ref(self, ref: str, at: str, refs: tuple[str, ...]) -> None:
        if ref in refs:
            raise Unbounded(at, "recursion", "flat")
        if ref in self._done:
            return
        found: Any = self._root
        for name in unquote(ref).removeprefix("#").split("/")[1:]:
            name = name.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, Mapping) and name in found:
                found = found[name]
            else:
                return  # nowhere: the engine refuses it
        self.check(found, at, (*refs, ref))
        self._done.add(ref)

    def _all_of(self, schema: Mapping[str, Any], at: str, refs: tuple[str, ...]) -> None:
        """One part with an end is enough, as the others can only take away; together they may have one, too."""
        parts = [part for part in schema["allOf"] if isinstance(part, Mapping)]
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        merged: dict[str, Any] = dict(rest)
        for part in parts:
            merged |= part
        failed: Unbounded | None = None
        for i, part in enumerate([*parts, merged]):
            try:
                return self.check(part, f"{at}/allOf/{i}" if i < len(parts) else at, refs)
            except Unbounded as exc:
                failed = failed or exc
        if failed is not None:
            raise failed

    def _typed(self, schema: Mapping[str, Any], at: str, refs: tuple[str, ...]) -> None:
        kinds = schema.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        for kind in kinds:
            match kind:
                case "string":
                    self._string(schema, at)
                case "integer":
                    self._number(schema, at)
                case "number":
                    raise Unbounded(at, "number", "integer")
                case "array":
                    self._array(schema, at, refs)
                case "object":
                    self._object(schema, at, refs)
                case "boolean" | "null":
                    pass
                case _:
                    raise Unbounded(at, "anything", "type")

    def _string(self, schema: Mapping[str, Any], at: str) -> None:
        longest = schema.get("maxLength")
        if isinstance(longest, int):
            if longest > self._forms.max_length:
                raise Unbounded(at, "string", "maxLength")
        elif not _ends(schema.get("pattern"), self._forms.max_length) and schema.get("format") not in SHORT:
            raise Unbounded(at, "string", "maxLength")

    def _number(self, schema: Mapping[str, Any], at: str) -> None:
        low = any(key in schema for key in ("minimum", "exclusiveMinimum"))
        high = any(key in schema for key in ("maximum", "exclusiveMaximum"))
        if not (low and high):
            raise Unbounded(at, "integer", "range")

    def _array(self, schema: Mapping[str, Any], at: str, refs: tuple[str, ...]) -> None:
        first = schema.get("prefixItems", [])
        first = first if isinstance(first, list) else []
        for i, one in enumerate(first):
            self.check(one, f"{at}/prefixItems/{i}", refs)
        items = schema.get("items", True)
        most = schema.get("maxItems")
        if items is False or (isinstance(most, int) and most <= len(first)):
            return
        if not isinstance(most, int) or most > self._forms.max_items:
            raise Unbounded(at, "array", "maxItems")
        self.check(items, f"{at}/items", refs)

    def _object(self, schema: Mapping[str, Any], at: str, refs: tuple[str, ...]) -> None:
        properties = schema.get("properties", {})
        properties = properties if isinstance(properties, Mapping) else {}
        most = schema.get("maxProperties")
        others = schema.get("additionalProperties", True)
        if (others is not False or schema.get("patternProperties")) and not (
            isinstance(most, int) and most <= len(properties) and set(schema.get("required", ())) >= set(properties)
        ):
            raise Unbounded(at, "object", "additionalProperties")
        for name, one in properties.items():
            self.check(one, f"{at}/properties/{name}", refs)


def _ends(pattern: Any, most: int) -> bool:
    """Whether a pattern is anchored at both ends and repeats nothing without end. Doubt is no."""
    if not isinstance(pattern, str) or not (pattern.startswith("^") and pattern.endswith("$")) or len(pattern) > 200:
        return False
    inside, escaped, length = False, False, 0
    i = 1
    while i < len(pattern) - 1:
        char = pattern[i]
        if escaped:
            escaped, length = False, length + 1
        elif char == "\\":
            escaped = True
        elif char == "[":
            inside = True
        elif char == "]":
            inside, length = False, length + 1
        elif not inside and (char in ENDLESS):
            return False
        elif not inside and char == "{":
            end = pattern.find("}", i)
            upper = pattern[i + 1 : end].split(",")[-1] if end > 0 else ""
            if not upper.isdigit():
                return False
            length = length * int(upper) if length else int(upper)
            i = end
        elif not inside:
            length += 1
        i += 1
    return length <= 4 * most
