"""Where answers repeat what was read or looked up, and what tools say as facts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.client.protocol import CalledTool, Fact
from askcam.server.answering.facts import marks, told_by

CODE = "4006381333931"
FACTS = (
    Fact("read", f"EAN-13 {CODE}", {"format": "EAN-13", "code": CODE}),
    Fact(
        "looked_up",
        "apple",
        {"name": "apple", "price": "2.49", "currency": "EUR", "stock": 12, "delivery_days": 3, "names": {"zh": "苹果"}},
    ),
)


@pytest.mark.parametrize(
    ("answer", "marked"),
    [
        ("The apple costs 2.49 EUR.", ["apple", "2.49"]),
        ("苹果的价格是2.49 EUR。", ["苹果", "2.49"]),
        (f"It is {CODE}.", [CODE]),
        ("Yes, 12 are in stock.", ["12"]),
        ("Delivery takes 3 days.", ["3"]),
        ("I see 3 pineapples and 12 cups.", []),  # other threes, and no apple
        ("It costs 12.49 or 2.495 or 2.49.5.", []),
        ("It costs 2.49.", ["2.49"]),
        ("An Apple", ["Apple"]),
        ("", []),
    ],
)
def test_what_an_answer_repeats_is_marked(answer: str, marked: list[str]) -> None:
    assert [answer[mark.start : mark.end] for mark in marks(answer, FACTS)] == marked


def test_a_mark_names_its_fact() -> None:
    assert [mark.fact for mark in marks(f"{CODE}: apple", FACTS)] == [0, 1]


def test_of_two_that_overlap_the_longer_is_marked() -> None:
    facts = [Fact("looked_up", "", {"name": "juice"}), Fact("looked_up", "", {"name": "apple juice"})]
    assert [(mark.start, mark.end, mark.fact) for mark in marks("An apple juice.", facts)] == [(3, 14, 1)]


@given(st.text(max_size=80), st.dictionaries(st.sampled_from(["name", "price", "sku"]), st.text(max_size=8)))
def test_marks_never_overlap_and_say_what_stands_there(answer: str, values: dict[str, str]) -> None:
    found = marks(answer, [Fact("looked_up", "", values)])
    for mark in found:
        assert answer[mark.start : mark.end].casefold() in {value.casefold() for value in values.values()}
    assert all(one.end <= two.start for one, two in pairwise(found))


def called(name: str, output: str | None) -> CalledTool:
    return CalledTool("call_1", name, "built-in", "{}", output, None, 1.0)


def test_what_a_tool_says_is_a_fact() -> None:
    (fact,) = told_by(called("read_barcode", '{"code": "4006381333931"}'))
    assert (fact.source, fact.values) == ("read", {"code": CODE})
    (fact,) = told_by(called("clock", "noon"))
    assert (fact.source, fact.values) == ("looked_up", {})


@pytest.mark.parametrize("output", [None, '{"error": "not found"}'])
def test_what_a_tool_could_not_say_is_none(output: str | None) -> None:
    assert told_by(called("lookup_product", output)) == []
