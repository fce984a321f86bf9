"""Paging through what several shards tell: every row once, each shard's in its own order, whatever its clock says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.cluster.cursors import Cursor
from askcam.cluster.ids import Garbage
from askcam.cluster.merging import (
    Row,
    ShardPage,
    holders,
    merge_models,
    merge_named,
    merge_pages,
    merge_tools,
    merge_watches,
    page_of,
)

TIMES = st.lists(st.integers(0, 5), max_size=12)  # of a shard's events, as its clock told them: it may leap


def told(rows: list[Row], before: int | None, limit: int) -> tuple[list[Row], bool]:
    """As a server pages, newest first."""
    found = [row for row in rows if before is None or row["id"] < before]
    return found[:limit], len(found) > limit


def read_all(shards: list[list[Row]], limit: int) -> list[list[tuple[int, Row]]]:
    """Page by page."""
    cursor, pages = Cursor(), list[list[tuple[int, Row]]]()
    while len(pages) < 100:
        asked = []
        for key, rows in enumerate(shards):
            asked.append(ShardPage(key, *told(rows, cursor.numbers.get(key), limit)))
        page = merge_pages(asked, cursor, limit, "at")
        cursor = page.next
        pages.append(page.rows)
        if not page.has_more:
            return pages
    raise AssertionError("it never ends")


def of_times(times: list[int]) -> list[Row]:
    """A shard's events, newest first."""
    return [{"id": number + 1, "at": f"2026-01-01T00:00:0{at}Z"} for number, at in enumerate(times)][::-1]


@given(st.lists(TIMES, min_size=1, max_size=4), st.integers(1, 5))
def test_every_row_comes_once_and_each_shards_in_its_order(clocks: list[list[int]], limit: int) -> None:
    shards = [of_times(times) for times in clocks]
    pages = read_all(shards, limit)
    rows = [each for page in pages for each in page]
    for key, own in enumerate(shards):
        assert [row for shard, row in rows if shard == key] == own
    assert len(rows) == sum(map(len, shards))
    assert all(len(page) == limit for page in pages[:-1])


@given(st.lists(TIMES.map(sorted), min_size=1, max_size=4), st.integers(1, 5))
def test_where_clocks_are_steady_the_newest_of_all_come_first(clocks: list[list[int]], limit: int) -> None:
    rows = [row["at"] for page in read_all([of_times(times) for times in clocks], limit) for _, row in page]
    assert rows == sorted(rows, reverse=True)


@given(st.lists(TIMES.map(sorted), min_size=1, max_size=4))
def test_the_oldest_first_where_that_is_asked_for(clocks: list[list[int]]) -> None:
    pages = [ShardPage(key, of_times(times)[::-1]) for key, times in enumerate(clocks)]
    found = [row["at"] for _, row in merge_pages(pages, Cursor(), 100, "at", newest_first=False).rows]
    assert found == sorted(found)


def test_what_comes_between_two_pages_does_not_go_into_the_second() -> None:
    first = merge_pages([ShardPage(1, of_times([3, 4])), ShardPage(2, of_times([1]))], Cursor(), 1, "at")
    assert [key for key, _ in first.rows] == [1]
    assert first.next.numbers == {1: 2, 2: 2}, "of the second shard what was there by then"
    silent = merge_pages([ShardPage(1, [])], Cursor(), 1, "at")
    assert silent.next.numbers == {1: 0}, "there was nothing, so that nothing older can be"


@pytest.mark.parametrize(
    "told", [None, [], {"data": None}, {"data": {}}, {"data": [1]}, {"rows": []}, "x", {"data": [{}, None]}]
)
def test_a_list_that_is_none_is_garbage(told: Any) -> None:
    with pytest.raises(Garbage, match="no list"):
        page_of(1, told)


@pytest.mark.parametrize("number", [-1, 2**43, 10**30, True, "5", None, 1.5])
def test_a_row_whose_number_no_cursor_holds_is_garbage(number: Any) -> None:
    with pytest.raises(Garbage, match="no id"):
        merge_pages([ShardPage(1, [{"id": number, "at": "x"}])], Cursor(), 1, "at")


def test_no_more_is_taken_of_a_shard_than_was_asked_for() -> None:
    page = page_of(1, {"data": [{"id": each} for each in range(9)]}, most=3)
    assert len(page.rows) == 3
    assert page.has_more


def test_lists_by_name() -> None:
    one, other = {"name": "lobby", "shard": 1}, {"name": "lobby", "shard": 2}
    assert merge_named([[one], [other, {"name": "yard"}]]) == [one, {"name": "yard"}]
    models = merge_models(
        [[{"id": "askcam"}, {"id": "lobby"}, {"id": "all"}], [{"id": "askcam"}, {"id": "yard"}]], ("askcam", "all")
    )
    assert [each["id"] for each in models] == ["askcam", "lobby", "yard", "all"]
    assert holders({"a": ["lobby", "yard"], "b": ["yard"]}) == {"lobby": ["a"], "yard": ["a", "b"]}


def test_a_watch_of_several_shards_is_one_with_all_their_cameras() -> None:
    found = merge_watches(
        [
            [
                {"name": "fire", "cameras": ["lobby"], "now": [{"camera": "lobby"}]},
                {"name": "door", "cameras": ["lobby"]},
            ],
            [{"name": "fire", "cameras": ["yard"], "now": [{"camera": "yard"}]}],
        ]
    )
    assert [(each["name"], each["cameras"]) for each in found] == [("fire", ["lobby", "yard"]), ("door", ["lobby"])]
    assert [each["camera"] for each in found[0]["now"]] == ["lobby", "yard"]


def test_a_tool_is_available_where_it_is_so_anywhere() -> None:
    row: Row = {"name": "clock", "server": "built-in", "available": False, "cameras": ["lobby"]}
    assert merge_tools([[row], [row | {"available": True, "cameras": ["yard"]}]]) == [
        row | {"available": True, "cameras": ["lobby", "yard"]}
    ]
