"""The turns of a realtime conversation."""

from typing import Any

import pytest
from support.realtime_talk import Talk, data_url, jpeg, only_error, types

from askcam.engine.question import Role


def test_an_added_item_is_told_twice_as_the_sdk_has_it() -> None:
    talk = Talk()
    added, whole = talk.user("What is on the table?")
    assert (added["type"], whole["type"]) == ("conversation.item.added", "conversation.item.done")
    assert added["previous_item_id"] is None
    assert added["item"]["content"] == [{"type": "input_text", "text": "What is on the table?"}]
    assert added["item"]["status"] == "completed"
    second, _ = talk.user("And now?")
    assert second["previous_item_id"] == added["item"]["id"]


def test_items_go_where_previous_item_id_says() -> None:
    talk = Talk()
    for name, after in (("a", None), ("b", None), ("first", "root"), ("between", "a")):
        content = [{"type": "input_text", "text": name}]
        item = {"type": "message", "role": "user", "id": name, "content": content}
        talk.say({"type": "conversation.item.create", "previous_item_id": after, "item": item})
    talk.ask()
    assert [text for _, text in talk.texts()] == ["first", "a", "between", "b"]


def test_an_item_behind_one_that_is_not_there_is_refused() -> None:
    item = {"type": "message", "role": "user", "content": []}
    error = only_error(Talk().say({"type": "conversation.item.create", "previous_item_id": "gone", "item": item}))
    assert (error["code"], error["param"]) == ("item_not_found", "previous_item_id")


def test_an_id_can_be_used_once() -> None:
    talk = Talk()
    talk.user("one", id="mine")
    assert only_error(talk.user("two", id="mine"))["code"] == "item_exists"


def test_a_picture_is_kept_and_given_back_when_retrieved() -> None:
    talk = Talk()
    url = data_url(jpeg())
    content = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": url}]
    added, _ = talk.say(
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
    )
    assert added["item"]["content"][1] == {"type": "input_image", "detail": "auto"}
    (found,) = talk.say({"type": "conversation.item.retrieve", "item_id": added["item"]["id"]})
    assert found["item"]["content"][1]["image_url"] == url


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "mcp_call", "name": "f", "arguments": "{}"}, "item.type"),
        ({"type": "message", "role": "robot", "content": []}, "item.role"),
        ({"type": "message", "content": []}, "item.role"),
        ({"type": "message", "role": "user"}, "item.content"),
        ({"type": "message", "role": "user", "content": "hello"}, "item.content"),
        ({"type": "message", "role": "user", "content": [{"type": "input_text"}]}, "item.content[0].text"),
        ({"type": "message", "role": "user", "content": [{"type": "input_audio"}]}, "item.content[0].type"),
        (
            {"type": "message", "role": "user", "content": [{"type": "output_text", "text": "x"}]},
            "item.content[0].type",
        ),
        ({"type": "message", "role": "system", "content": [{"type": "input_image"}]}, "item.content[0].type"),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "http://x/y.jpg"}]},
            "item.content[0].image_url",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "y" * 1001}]},
            "item.content[0].text",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "y" * 600}] * 2},
            "item.content",
        ),
    ],
)
def test_a_wrong_item_is_refused_by_the_part_at_fault(item: dict[str, Any], param: str) -> None:
    error = only_error(Talk().say({"type": "conversation.item.create", "item": item}))
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def test_a_deleted_item_is_gone() -> None:
    talk = Talk()
    talk.user("one", id="one")
    talk.user("two", id="two")
    assert types(talk.say({"type": "conversation.item.delete", "item_id": "one"})) == ["conversation.item.deleted"]
    assert only_error(talk.say({"type": "conversation.item.retrieve", "item_id": "one"}))["code"] == "item_not_found"
    assert only_error(talk.say({"type": "conversation.item.delete", "item_id": "one"}))["code"] == "item_not_found"
    talk.ask()
    assert talk.texts() == [(Role.USER, "two")]


def test_the_oldest_items_are_dropped_and_told_when_there_are_too_many() -> None:
    talk = Talk()
    for i in range(128):
        talk.user(str(i), id=f"i{i}")
    events = talk.user("one more")
    assert types(events) == ["conversation.item.deleted", "conversation.item.added", "conversation.item.done"]
    assert events[0]["item_id"] == "i0"
