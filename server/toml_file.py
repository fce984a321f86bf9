"""A TOML file that knows the line of each of its keys, so that every complaint can name it."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args, get_type_hints

import msgspec

from askcam.server.config_errors import ConfigError
from askcam.server.given_names import did_you_mean
from askcam.stream.sources.redact import redact

T = TypeVar("T")
Keys = tuple[str, ...]  # where something is: ("server", "port")
MAX_BYTES = 256 << 10
AT = re.compile(r" - at `\$(.*)`$")  # how msgspec ends its messages
BARE = re.compile(r"[A-Za-z0-9_-]+")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")  # of what people name: [watches.NAME], [notify.NAME]


@dataclass(frozen=True, slots=True)
class Toml:
    """The text of a file and what it says. Every method raises ConfigError, naming file, line and key."""

    path: Path
    text: str
    data: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Toml":
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
            text = raw.decode()
        except FileNotFoundError as exc:
            raise ConfigError(f"there is no config file {path}: write one, or leave --config out") from exc
        except OSError as exc:
            raise ConfigError(f"cannot read the config file {path}: {exc.strerror}") from exc
        except UnicodeDecodeError as exc:
            line = raw.count(b"\n", 0, exc.start) + 1
            raise ConfigError(f"{path}:{line}: this is not UTF-8 text; save the file as UTF-8") from exc
        if len(raw) > MAX_BYTES:
            raise ConfigError(f"{path} has more than {MAX_BYTES:,} bytes: that is no askcam.toml")
        return cls.parse(path, text)

    @classmethod
    def parse(cls, path: Path, text: str) -> "Toml":
        try:
            return cls(path, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as exc:
            message = str(exc)
            where = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
            spot = f"{where[1]}:{where[2]}" if where and where[1] else str(max(1, len(text.splitlines())))
            what = message[: where.start()] if where else message
            raise ConfigError(f"{path}:{spot}: not TOML: {what[:1].lower()}{what[1:]}") from exc

    def at(self, keys: Keys) -> Mapping[str, Any]:
        """The table at `keys`; an empty one when it isn't there."""
        table: Any = self.data
        for depth, key in enumerate(keys, 1):
            table = table.get(key, {})
            if not isinstance(table, Mapping):
                raise ConfigError(f"{self.place(keys[:depth])}: expected a table, got {kind_of(table)}")
        found: Mapping[str, Any] = table
        return found

    def tables(self, keys: Keys, example: str) -> list[str]:
        """Names of the tables inside the table at `keys`."""
        value: Any = self.at(keys[:-1]).get(keys[-1], {})
        if not isinstance(value, Mapping):
            raise ConfigError(f"{self.place(keys)}: expected tables like {example}, got {kind_of(value)}")
        for name, inner in value.items():
            if not isinstance(inner, Mapping):
                place = self.place((*keys, name))
                raise ConfigError(f"{place}: expected a table like {example}, got {kind_of(inner)}")
        return list(value)

    def section(self, keys: Keys, kind: type[T]) -> T:
        """The table at `keys` as a dataclass. Unknown keys and wrong types are refused."""
        table = self.at(keys)
        self.check_keys(keys, [each.name for each in fields(kind)])  # type: ignore[arg-type]
        return self.convert(keys, table, kind)

    def beside(self, value: T, *paths: str) -> T:
        """A dataclass with these of its paths, where they are set, as this file means them: relative to its folder."""
        found = {name: path for name in paths if (path := getattr(value, name)) is not None}
        meant = {name: self.path.parent / path.expanduser() for name, path in found.items()}
        return replace(value, **meant)  # type: ignore[type-var]

    def check_keys(self, keys: Keys, known: Iterable[str]) -> None:
        """Refuse keys of the table at `keys` that aren't `known`, naming the nearest that is."""
        known = list(known)
        for key in self.at(keys):
            if key not in known:
                raise ConfigError(f"{self.place((*keys, key))}: unknown key; {did_you_mean(key, known)}")

    def convert(self, keys: Keys, table: Mapping[str, Any], kind: type[T]) -> T:
        """`table`, which stands at `keys`, as a `kind`."""
        try:
            return msgspec.convert(table, kind, dec_hook=_decode)
        except msgspec.ValidationError as exc:
            message = str(exc)
            where = AT.search(message)
            inner = re.sub(r"\[.*", "", where[1]).strip(".") if where else ""
            path = (*keys, *inner.split(".")) if inner else self._key_in(message, keys, table)
            value = table.get(path[-1]) if path != keys else None
            choices = get_args(get_type_hints(kind).get(path[-1])) if message.startswith("Invalid enum value") else ()
            known = f"; known: {', '.join(map(str, choices))}" if choices else ""
            raise ConfigError(f"{self.place(path)}: {_complaint(message, value)}{known}") from exc

    def value(self, keys: Keys, value: Any, kind: Any) -> Any:
        """A `value` that stands at `keys`, as a `kind`."""
        try:
            return msgspec.convert(value, kind, dec_hook=_decode)
        except msgspec.ValidationError as exc:
            raise ConfigError(f"{self.place(keys)}: {_complaint(str(exc), value)}") from exc

    def _key_in(self, message: str, keys: Keys, table: Mapping[str, Any]) -> Keys:
        """A dataclass that checks itself names its field first: "fps is 0; it must be ..."."""
        first = message.partition(" ")[0].rstrip(":")
        return (*keys, first) if first in table else keys

    def place(self, keys: Keys) -> str:
        """ "askcam.toml:3: server.port"; without a line when the key isn't in the file."""
        dotted = redact(".".join(key if BARE.fullmatch(key) else repr(key) for key in keys))
        line = self.line(keys)
        return f"{self.path}: {dotted}" if line is None else f"{self.path}:{line}: {dotted}"

    def line(self, keys: Keys) -> int | None:
        """The line on which the statement that first sets `keys` starts; the nearest table's when the key isn't there.

        Found by parsing ever longer beginnings of the file, which needs no second idea of what TOML is.
        """
        lines = [line + "\n" for line in self.text.split("\n")]
        while keys and not _holds(self.data, keys):
            keys = keys[:-1]
        if not keys:
            return None
        low, high = 0, len(lines)  # the first `low` lines parse and lack the key; the first `high` hold it
        while True:
            middle, found = (low + high) // 2, None
            while middle > low and (found := _parse(lines[:middle])) is None:
                middle -= 1  # inside a statement of several lines
            if middle == low:
                middle = (low + high) // 2 + 1
                while middle < high and (found := _parse(lines[:middle])) is None:
                    middle += 1
                if middle >= high:
                    return low + 1
            assert found is not None
            if _holds(found, keys):
                high = middle
            else:
                low = middle


class Flags(Toml):
    """The command line, checked like a file; by section. An option is called as its key, unless `OPTIONS` has it."""

    OPTIONS: ClassVar[Mapping[Keys, str]] = {("model", "url"): "--model-url"}  # --url is where a running server is

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(Path(), "", data)

    def place(self, keys: Keys) -> str:
        return self.OPTIONS.get(keys) or "--" + keys[-1].replace("_", "-")


def _complaint(message: str, value: object) -> str:
    """msgspec's, of a `value`. Only numbers are repeated: a text may be a token or a password."""
    got = f", got {value}" if isinstance(value, int | float) and ", got " not in message else ""
    return plain(AT.sub("", message)) + got


def _decode(kind: type, value: object) -> Any:
    """What msgspec does not know itself: paths."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"Expected `{'str' if kind is Path else kind.__name__}`, got {kind_of(value)}")


def _parse(lines: list[str]) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads("".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _holds(table: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(table, Mapping) or key not in table:
            return False
        table = table[key]
    return True


def kind_of(value: object) -> str:
    """What a TOML value is, in the words of TOML."""
    names: dict[type, str] = {
        bool: "a boolean",
        int: "an integer",
        float: "a float",
        str: "a string",
        list: "an array",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


EXPECTED = {"int": "an integer", "float": "a number", "bool": "true or false", "null": ""}
KINDS = {"int": "an integer", "float": "a float", "bool": "a boolean", "str": "a string", "array": "an array"}
KINDS |= {"object": "a table", "datetime": "a date", "date": "a date", "time": "a time"}


def plain(message: str) -> str:
    """msgspec's complaint in the words of TOML, without its quotes."""

    def reword(match: re.Match[str]) -> str:
        words = KINDS if message[: match.start()].endswith("got ") else KINDS | EXPECTED
        return " or ".join(filter(None, (words.get(word, word) for word in match[1].split(" | "))))

    reworded = re.sub(r"`([^`]*)`", reword, message).replace("Invalid enum value", "Unknown value")
    return reworded[:1].lower() + reworded[1:]
