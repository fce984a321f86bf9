"""docs/fields.md, made from the tables that requests are read by: `python tests/house/fields_page.py` prints it."""

import json
from collections.abc import Mapping

from askcam.server.openai.chat.fields import CHAT, MESSAGE
from askcam.server.openai.fates import OTHERS, Fate, FieldRefused, FieldTaken, Ignored
from askcam.server.openai.realtime.fields import RESPONSE, SESSION
from askcam.server.openai.responses.fields import RESPONSES

HEAD = """# What becomes of each field

Requests are read by tables (`server/openai/fates.py`, and `fields.py` beside each protocol). Made from them by
`python tests/house/fields_page.py > docs/fields.md`; a test holds the two together.

- **Taken** fields have their effect; [protocol.md](protocol.md) tells of it.
- **Ignored** fields leave the answer as it is.
- **Refused** fields would change the answer and cannot be honoured: 400 `unsupported_parameter` with the field as
  `param`, unless the value says what happens anyway.

A field in no table is ignored, as other servers do. An explicit `null` is the same as an absent field, in messages,
items and tools, too; not inside JSON Schemas. Whole numbers may be written as `1.0`.
"""

TABLES: Mapping[str, Mapping[str, Fate]] = {
    "Chat completions": {name: fate for name, fate in CHAT.items() if OTHERS.get(name) != fate},
    "Messages of a chat completion": MESSAGE,
    "Responses": {name: fate for name, fate in RESPONSES.items() if OTHERS.get(name) != fate},
    "`session` of session.update": {name: fate for name, fate in SESSION.items() if OTHERS.get(name) != fate},
    "`response` of response.create": {
        name: fate for name, fate in RESPONSE.items() if OTHERS.get(name) != fate and SESSION.get(name) != fate
    },
    "Other servers' fields, in all of these": OTHERS,
}


def page() -> str:
    return "\n".join([HEAD, *(_table(title, fates) for title, fates in TABLES.items())])


def _table(title: str, fates: Mapping[str, Fate]) -> str:
    """Taken ones in a line, then a row for all fields of one reason."""
    taken = [f"`{name}`" + (f" ({fate.how})" if fate.how else "") for name, fate in fates.items() if _is_taken(fate)]
    rows: dict[tuple[str, str], list[str]] = {}
    for name, fate in fates.items():
        match fate:
            case Ignored(why):
                rows.setdefault(("ignored", why), []).append(f"`{name}`")
            case FieldRefused(why, off):
                values = ", ".join(f"`{json.dumps(value)}`" for value in off)
                fine = f" (not {values})" if off and len(off) < 5 else ""
                rows.setdefault(("refused", why), []).append(f"`{name}`{fine}")
    lines = [f"## {title}", ""]
    if taken:
        lines += ["Taken: " + " · ".join(taken) + ".", ""]
    lines += ["| | field | why |", "|---|---|---|"]
    lines += [f"| {kind} | {' '.join(names)} | {why} |" for (kind, why), names in rows.items()]
    return "\n".join([*lines, ""])


def _is_taken(fate: Fate) -> bool:
    return isinstance(fate, FieldTaken)


if __name__ == "__main__":
    print(page(), end="")
