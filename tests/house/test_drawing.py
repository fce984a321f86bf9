"""docs/rooms.svg is what the imports are."""

import xml.etree.ElementTree as ET

import pytest
from house import draw


@pytest.fixture(scope="module")
def rooms() -> draw.Arrows:
    return draw.rooms()


def test_the_drawing_is_what_the_imports_are() -> None:
    drawn = draw.drawn()
    ET.fromstring(drawn)
    assert draw.FILE.read_text(encoding="utf-8") == drawn, "docs/rooms.svg is out of date: run `make renew`"


def test_every_room_is_drawn(rooms: draw.Arrows) -> None:
    text = draw.FILE.read_text(encoding="utf-8")
    assert {room.partition("/")[0] for room in rooms} == {floor for row in draw.FLOORS for floor in row}
    assert [room for room in rooms if f">{room.rpartition('/')[2]}<" not in text] == []


def test_arrows_that_others_imply_are_left_out_and_circles_have_an_order() -> None:
    assert draw.reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}
    assert draw.forward({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == {"a": {"b"}, "b": {"c"}, "c": set()}
