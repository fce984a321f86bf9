"""The wire's types for the pages' checkers, out of client/: `python tests/house/wire_types.py` writes them."""

import re
import sys
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from askcam.client import calibration, protocol, timeline, watches

FILE = Path(__file__).parents[2] / "client/web/types/wire.d.ts"
HEAD = """// What the server says, as client/*.py has it, for `make javascript` and for editors: no browser loads this.
// Made by `python tests/house/wire_types.py`, not by hand.
"""
WANTED: tuple[type[msgspec.Struct], ...] = (  # and what stands in them
    protocol.CameraInfo,
    protocol.DeskInfo,
    protocol.StoredAnswer,
    protocol.PageWords,
    watches.WatchEvent,
    watches.Seen,
    watches.ClipOfEvent,
    watches.Judged,
    watches.WatchInfo,
    watches.WatchReadings,
    timeline.TimelineEntry,
    calibration.Calibration,
)
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "any"}


def written() -> str:
    """The whole file."""
    found: dict[str, str] = {}
    for struct in WANTED:
        _add(struct, found)
    return HEAD + "".join(f"\n{found[name]}" for name in sorted(found))


def _add(struct: type[msgspec.Struct], found: dict[str, str]) -> None:
    if struct.__name__ in found:
        return
    found[struct.__name__] = ""  # it is under way
    hints = get_type_hints(struct, include_extras=True)
    lines = [f"  {field.encode_name}: {_type(hints[field.name], found)};\n" for field in msgspec.structs.fields(struct)]
    found[struct.__name__] = f"interface {struct.__name__} {{\n{''.join(lines)}}}\n"


def _type(hint: Any, found: dict[str, str]) -> str:
    """A Python type in TypeScript."""
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        _add(hint, found)
        return hint.__name__
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _type(args[0], found)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in args)
    if origin in (Union, types.UnionType):
        return " | ".join(_type(each, found) for each in args)
    if origin is tuple:
        return f"[{', '.join(_type(each, found) for each in args)}]"
    if origin is list:
        inner = _type(args[0], found)
        return f"{inner}[]" if re.fullmatch(r"[\w\[\]]+", inner) else f"({inner})[]"
    if origin is dict:
        return f"Record<{_type(args[0], found)}, {_type(args[1], found)}>"
    raise TypeError(f"no words for {hint} in TypeScript: add them to {Path(__file__).name}")


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(written(), encoding="utf-8")
    sys.stdout.write(f"{FILE.name}: {FILE.read_text(encoding='utf-8').count('interface ')} types\n")
