"""The turns that a response was given to, page by page."""

import pytest

from askcam.server.errors import NotFound
from askcam.server.openai.responses.input_items import page
from askcam.server.openai.responses.items import InputItem, InputPart, said
from askcam.server.openai.responses.reading import read_body
from askcam.server.openai.responses.store import KeptResponse
from askcam.server.openai.responses.writer import ResponseWriter

TURNS = (
    InputItem(role="user", content="Is it open?"),
    said("Yes.", "msg_1"),
    InputItem("function_call", call_id="c", name="shut", arguments="{}", id="fc_1"),
    InputItem("function_call_output", call_id="c", output="done"),
    InputItem(role="user", content=[InputPart("input_text", "And now?")]),
)


def kept() -> KeptResponse:
    writer = ResponseWriter(read_body(b'{"model": "lobby", "input": "x"}'))
    own = (said("No.", "msg_2"),)
    return KeptResponse(writer.response, (*TURNS, *own), own)


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
@pytest.mark.parametrize("newest_first", [False, True])
def test_every_turn_but_the_answer_comes_once_in_order(limit: int, newest_first: bool) -> None:
    response, found, after = kept(), [], None
    while True:
        told = page(response, limit, newest_first=newest_first, after=after)
        found += told.data
        assert (told.first_id, told.last_id) == (told.data[0]["id"], told.data[-1]["id"])
        after = told.last_id
        if not told.has_more:
            break
    kinds = [each["type"] for each in (found[::-1] if newest_first else found)]
    assert kinds == ["message", "message", "function_call", "function_call_output", "message"]
    assert len({each["id"] for each in found}) == len(TURNS)
    assert {"msg_1", "fc_1"} <= {each["id"] for each in found}


def test_a_turn_is_told_in_openais_shape_and_may_be_sent_again() -> None:
    first, answered, call, output, last = page(kept(), 9, newest_first=False, after=None).data
    assert first["content"] == [{"type": "input_text", "text": "Is it open?"}]
    assert answered["content"] == [{"type": "output_text", "text": "Yes.", "annotations": []}]
    assert (call["name"], call["arguments"], output["output"]) == ("shut", "{}", "done")
    assert last["role"] == "user"


def test_what_follows_no_turn_of_it_is_refused() -> None:
    with pytest.raises(NotFound, match="no item"):
        page(kept(), 5, newest_first=True, after="msg_2")
