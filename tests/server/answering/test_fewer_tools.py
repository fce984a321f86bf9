"""Of many tools a small model is offered the few that a question is about."""

from typing import Any

import pytest

from askcam.engine.trained import Trained, read_trained
from askcam.server.answering.fewer_tools import fitting

TOLD = {
    "clock": "What time and which day it is here.",
    "flight_status": "Get the status, gate and departure time of a flight, by its number such as LH400.",
    "weather": "Get the weather for a city.",
    "track_parcel": "Track a parcel: where it is and when it arrives, by its number such as PK1001.",
    "lookup_product": "Look up a product of the catalogue: its price, stock and delivery time.",
}
TOOLS = [{"type": "function", "function": {"name": name, "description": said}} for name, said in TOLD.items()]
RESULTS: dict[str, Any] = {
    "tools": "product",
    "keys": [],
    "asked": [{"like": "how much|多少钱", "needs": ["price"]}],
}
SMALL = read_trained({"most_tools": 2, "results": RESULTS})


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What do you see?", None),
        ("How many people are there in the picture?", None),
        ("Is the door open? Answer yes or no.", None),
        ("你看到了什么？", None),
        ("What time is it?", "clock"),
        ("Where is my parcel PK1001?", "track_parcel"),
        ("Has the parcel arrived?", "track_parcel"),
        ("What is the weather in Berlin?", "weather"),
        ("When does flight LH400 leave?", "flight_status"),
        ("How much is this?", "lookup_product"),
        ("这个多少钱？", "lookup_product"),
    ],
)
def test_those_that_the_question_speaks_of_are_offered(question: str, first: str | None) -> None:
    names = [tool["function"]["name"] for tool in fitting(SMALL, question, TOOLS)]
    assert len(names) <= 2
    assert (first in names) if first else not names


def test_few_tools_and_other_models_are_left_alone() -> None:
    assert fitting(SMALL, "What do you see?", TOOLS[:2]) == tuple(TOOLS[:2])
    assert fitting(None, "What do you see?", TOOLS) == tuple(TOOLS)
    assert fitting(Trained(), "What do you see?", TOOLS) == tuple(TOOLS)
