"""Lists of several shards as one. Pure; what shards tell is JSON as it was decoded, and is read with care."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from askcam.cluster.cursors import Cursor
from askcam.cluster.ids import Garbage, checked

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShardPage:
    """What one shard tells of a list: in its own order, ids as they are there."""

    key: int
    rows: Sequence[Row]
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class MergedPage:
    """Rows of all shards in one order, and where the next page goes on."""

    rows: list[tuple[int, Row]] = field(default_factory=list)  # with the key of each one's shard
    has_more: bool = False
    next: Cursor = field(default_factory=Cursor)


def page_of(key: int, told: Any, name: str = "data", most: int | None = None) -> ShardPage:
    """A list as a shard has told it, no more than `most` of it. Raises Garbage."""
    rows = told.get(name) if isinstance(told, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Garbage(f"it told no list {name!r}")
    return ShardPage(key, rows[:most], told.get("has_more") is True or len(rows) > len(rows[:most]))


def merge_pages(
    pages: Sequence[ShardPage], read: Cursor, limit: int, by: str, *, newest_first: bool = True
) -> MergedPage:
    """One page of at most `limit` rows, ordered by the time in the field `by`; what each shard tells stays in the order
    in which it tells it, so that no row is left out or told twice whatever its clock did. `read`: where the page before
    ended."""
    sign = -1 if newest_first else 1

    def keyed(page: ShardPage) -> Iterator[tuple[tuple[tuple[int, ...], int, int], int, Row]]:
        reached: tuple[int, ...] = ()  # no row goes before one that its own shard told before it
        for place, row in enumerate(page.rows):
            when = tuple(sign * ord(letter) for letter in str(row.get(by, ""))[:40])
            reached = max(reached, when) if place else when
            yield (reached, sign * page.key, place), page.key, row

    merged = [(key, row) for _, key, row in heapq.merge(*map(keyed, pages), key=lambda each: each[0])]
    rows, numbers = merged[:limit], dict(read.numbers)
    for key, row in rows:
        numbers[key] = number_of(row)
    for page in pages:  # of whom nothing was taken yet: what is new there by the next page does not belong into it
        if page.key not in numbers:
            numbers[page.key] = number_of(page.rows[0]) + 1 if page.rows else 0
    has_more = len(merged) > limit or any(page.has_more for page in pages)
    return MergedPage(rows, has_more, Cursor(numbers))


def number_of(row: Row) -> int:
    """Its id on its own shard. Raises Garbage."""
    return checked(row.get("id"))


def merge_named(lists: Iterable[Sequence[Row]], key: str = "name") -> list[Row]:
    """Rows of all, in the order of the shards; of those with one name the first."""
    found: dict[str, Row] = {}
    for rows in lists:
        for row in rows:
            found.setdefault(str(row.get(key)), row)
    return list(found.values())


def merge_models(lists: Sequence[Sequence[Row]], others: Sequence[str]) -> list[Row]:
    """GET /v1/models of all, each once, in a server's order. `others`, which are no cameras: the first of them stands
    before all, the last ("all") behind all."""
    rows = merge_named(lists, "id")
    return sorted(rows, key=lambda row: (row.get("id") != others[0], row.get("id") in others))


def merge_watches(lists: Iterable[Sequence[Row]]) -> list[Row]:
    """Watches of one name are one in the list: with the cameras of all of them, and how it stands on each."""
    found: dict[str, Row] = {}
    for rows in lists:
        for row in rows:
            name = str(row.get("name"))
            if (before := found.get(name)) is None:
                found[name] = dict(row)
                continue
            for part in ("cameras", "now"):
                before[part] = [*_list(before, part), *_list(row, part)]
    return list(found.values())


def merge_tools(lists: Sequence[Sequence[Row]]) -> list[Row]:
    """Tools of one name and server once, with the cameras of all; available where it is so anywhere."""
    found: dict[tuple[str, str], Row] = {}
    for rows in lists:
        for row in rows:
            key = (str(row.get("server")), str(row.get("name")))
            if (before := found.get(key)) is None:
                found[key] = dict(row)
                continue
            before["cameras"] = [*_list(before, "cameras"), *_list(row, "cameras")]
            before["available"] = before.get("available") is True or row.get("available") is True
    return list(found.values())


def holders(lists: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """By name, the shards that have it. `lists`: by shard, its names."""
    found: dict[str, list[str]] = {}
    for shard, names in lists.items():
        for name in names:
            found.setdefault(name, []).append(shard)
    return found


def number_at(rows: Sequence[Row], is_before: Callable[[Row], bool]) -> int | None:
    """The number of the oldest of rows, newest first, of which `is_before` is false; None: of none."""
    later = [row for row in rows if not is_before(row)]
    return number_of(later[-1]) if later else None


def _list(row: Row, part: str) -> list[Any]:
    found = row.get(part)
    return found if isinstance(found, list) else []
