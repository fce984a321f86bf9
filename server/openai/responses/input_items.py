"""GET /v1/responses/{id}/input_items: the turns that a response was given to, in OpenAI's shape. Pure."""

from typing import Any, Literal

import msgspec

from askcam.server.errors import NotFound
from askcam.server.given_names import quoted
from askcam.server.openai.responses.items import InputItem, InputPart
from askcam.server.openai.responses.store import KeptResponse

LIMIT, MOST = 20, 100  # items of one page, as OpenAI has it
ORDERS = ("asc", "desc")
KINDS = {"function_call": "fc", "function_call_output": "fco"}  # what ids begin with; those of messages with msg


class ItemPage(msgspec.Struct):
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


def page(kept: KeptResponse, limit: int, *, newest_first: bool, after: str | None) -> ItemPage:
    """What was said before the answer, that of earlier responses which it follows among it. `after`: the id that the
    page before ended with. Raises NotFound for an id of none of them."""
    said = kept.items[: len(kept.items) - len(kept.own)]
    rows = [_row(item, kept.response.id, place) for place, item in enumerate(said)]
    if newest_first:
        rows.reverse()
    if after is not None:
        place = next((place for place, row in enumerate(rows) if row["id"] == after), None)
        if place is None:
            raise NotFound(f"{quoted(after)} is no item of this response: send the last_id of the page before", "after")
        rows = rows[place + 1 :]
    found = rows[:limit]
    first, last = (found[0]["id"], found[-1]["id"]) if found else (None, None)
    return ItemPage(found, first, last, len(rows) > limit)


def _row(item: InputItem, response_id: str, place: int) -> dict[str, Any]:
    kind = item.type or "message"
    row = {name: value for name, value in msgspec.to_builtins(item).items() if value is not None}
    row["id"] = item.id or f"{KINDS.get(kind, 'msg')}_{response_id.removeprefix('resp_')}_{place}"
    row |= {"type": kind, "status": "completed"}
    if kind == "message":
        word = "output_text" if item.role == "assistant" else "input_text"
        content = [InputPart(word, item.content)] if isinstance(item.content, str) else item.content or []
        row["content"] = [_part(part) for part in content]
    return row


def _part(part: InputPart) -> dict[str, Any]:
    told = {name: value for name, value in msgspec.to_builtins(part).items() if value is not None}
    return told | ({"annotations": []} if part.type == "output_text" else {})
