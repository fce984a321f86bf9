"""Fields of a JSON object, read with their path in hand: every refusal names the field, its value and what it takes.

For messages whose unknown fields are let pass, as OpenAI's service does. Null counts as absent.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from askcam.server.errors import Invalid, Refusal

SHOWN = 60  # characters of a wrong value that a message repeats


def wrong(param: str, value: object, wanted: str) -> Refusal:
    """400: `value` at `param` is not `wanted` ("a string", "one of ...")."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        text = repr(value)
    text = text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
    return Invalid(f"{param}={text} is not {wanted}", param)


class Fields:
    """A JSON object at `path`. Reading changes nothing; every method raises Invalid."""

    __slots__ = ("_came_as", "_values", "path")

    def __init__(self, value: object, path: str = "", renamed: Mapping[str, str] | None = None) -> None:
        if not isinstance(value, dict):
            raise wrong(path or "event", value, "a JSON object")
        self._values: dict[str, Any] = value
        self.path = path
        self._came_as = {new: old for old, new in (renamed or {}).items()}

    def at(self, name: str) -> str:
        """Where a field is, for a message's `param`."""
        name = self._came_as.get(name, name)
        return f"{self.path}.{name}" if self.path else name

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> Any:
        """The value as it came; None when absent."""
        return self._values.get(name)

    def missing(self, name: str, wanted: str) -> Refusal:
        return Invalid(f"{self.at(name)} is missing: it takes {wanted}", self.at(name), "missing_required_parameter")

    def renamed(self, names: Mapping[str, str]) -> "Fields":
        """The same with new names, by the old ones, for fields that the new name isn't among."""
        old = {name: new for name, new in names.items() if name in self._values and new not in self._values}
        if not old:
            return self
        return Fields({old.get(name, name): value for name, value in self._values.items()}, self.path, old)

    def text(self, name: str, max_chars: int | None = None) -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise wrong(self.at(name), value, "a string")
        if max_chars is not None and len(value) > max_chars:
            raise Invalid(
                f"{self.at(name)} has {len(value):,} characters; at most {max_chars:,} are read: shorten it",
                self.at(name),
                "string_above_max_length",
            )
        return value

    def need_text(self, name: str, max_chars: int | None = None) -> str:
        value = self.text(name, max_chars)
        if value is None:
            raise self.missing(name, "a string")
        return value

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        value = self._values.get(name)
        if value is not None and value not in list(choices):
            raise wrong(self.at(name), value, "one of " + ", ".join(repr(choice) for choice in choices))
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise wrong(self.at(name), value, f"a number from {low:g} to {high:g}")
        return float(value)

    def integer(self, name: str, low: int, high: int) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # as some clients write it
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise wrong(self.at(name), value, f"a whole number from {low} to {high}")
        return value

    def boolean(self, name: str) -> bool | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise wrong(self.at(name), value, "true or false")
        return value

    def object(self, name: str) -> "Fields | None":
        value = self._values.get(name)
        return None if value is None else Fields(value, self.at(name))

    def need_object(self, name: str) -> "Fields":
        found = self.object(name)
        if found is None:
            raise self.missing(name, "a JSON object")
        return found

    def objects(self, name: str, max_items: int) -> "list[Fields] | None":
        """A list of objects."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise wrong(self.at(name), value, "a list of JSON objects")
        if len(value) > max_items:
            raise Invalid(f"{self.at(name)} has {len(value)} entries; at most {max_items} are read", self.at(name))
        return [Fields(entry, f"{self.at(name)}[{i}]") for i, entry in enumerate(value)]

    def strings(self, name: str, choices: Collection[str]) -> tuple[str, ...] | None:
        """A list of strings, each one of `choices`."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise wrong(self.at(name), value, "a list of strings")
        for entry in value:
            if entry not in choices:
                raise wrong(self.at(name), entry, "one of " + ", ".join(repr(choice) for choice in choices))
        return tuple(dict.fromkeys(value))

    def plain(self) -> Mapping[str, Any]:
        """The object itself."""
        return self._values
