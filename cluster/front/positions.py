"""Where in each shard's events somebody stands who names one event, or a cursor."""

from collections.abc import Sequence
from typing import Any

from askcam.cluster.cursors import Cursor, is_cursor
from askcam.cluster.front.directory import Directory, rows_of
from askcam.cluster.front.event_source import EventSource, ShardReply
from askcam.cluster.ids import Garbage
from askcam.cluster.merging import Row, number_of
from askcam.server.access.viewer import Role
from askcam.server.errors import Invalid, NotFound, Refusal
from askcam.server.given_names import quoted
from askcam.server.wire.bodies import MAX_ID

PAGE, MOST_PAGES = 500, 10  # events that are looked through on each shard, for one that names a number


def cursor_of(text: str, param: str) -> Cursor | None:
    """None: it is a number. Raises Invalid."""
    if not is_cursor(text):
        return None
    try:
        return Cursor.read(text)
    except ValueError as exc:
        raise Invalid(f"{param}: {exc}", param) from exc


def number_in(text: str, param: str) -> int:
    """Raises Invalid."""
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_ID):
        raise Invalid(f"{param}={quoted(text)} must be an event's id, a number, or a cursor as it was told", param)
    return int(text)


async def before_event(directory: Directory, number: int, role: Role, shards: Sequence[EventSource]) -> Cursor:
    """So that what is read before it is older than the event `number`, on each shard; by the time when it was decided.
    Raises NotFound, ShardDown."""
    own, there, at = await _event(directory, number, role)
    numbers = {own.key: there}
    for shard in shards:
        if shard is not own and (told := await _since(shard, at, role)) is not None:
            rows, newest = told
            earlier = shard.key < own.key  # of those that were decided in the same moment
            later = [row for row in rows if str(row.get("at")) != at or not earlier]
            numbers[shard.key] = number_of(later[-1]) if later else newest + 1
    return Cursor(numbers)


async def after_event(directory: Directory, number: int, role: Role, shards: Sequence[EventSource]) -> Cursor:
    """So that what is read after it came later than the event `number`, on each shard; 0: from the first that is kept.
    Raises NotFound, ShardDown."""
    if number == 0:
        return Cursor({shard.key: 0 for shard in shards})
    own, there, at = await _event(directory, number, role)
    numbers = {own.key: there}
    for shard in shards:
        if shard is not own and (told := await _since(shard, at, role)) is not None:
            rows, newest = told
            numbers[shard.key] = number_of(rows[-1]) - 1 if rows else newest
    return Cursor(numbers)


async def newest_number(shard: EventSource, role: Role) -> int:
    """Of all its events; 0 where there is none. Raises ShardDown, ShardBroke, Garbage."""
    rows = rows_of(await shard.asked("GET", "/v1/events", {"limit": 1}, role=role)) or []
    return number_of(rows[0]) if rows else 0


async def _event(directory: Directory, number: int, role: Role) -> tuple[EventSource, int, str]:
    shard, there = directory.of_event(number)
    reply = await shard.asked("GET", f"/v1/events/{there}", role=role)
    at = reply.value.get("at") if isinstance(reply.value, dict) else None
    if reply.status != 200 or not isinstance(at, str):
        raise NotFound(f"no event {number} is kept; GET /v1/events lists those that are", "id")
    return shard, there, at


async def _since(shard: EventSource, at: str, role: Role) -> tuple[list[Row], int] | None:
    """Its events of then and later, newest first, the last so many of them at least; and the newest number of all.
    None: it cannot be asked, and has no place in the cursor."""
    found: list[Row] = []
    query: dict[str, Any] = {"since": at, "limit": PAGE}
    try:
        newest = await newest_number(shard, role)
        for _ in range(MOST_PAGES):
            reply: ShardReply = await shard.asked("GET", "/v1/events", query, role=role)
            rows = rows_of(reply) or []
            found += rows
            if not rows or reply.value.get("has_more") is not True:
                break
            query["before"] = number_of(rows[-1])
    except (Refusal, Garbage):
        return None
    return found, newest
