"""Facts of what was read and looked up, and where answers repeat them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.client.protocol import Fact
from askcam.server.catalogue.product import Product
from askcam.server.desk.facts import facts_of, marks
from askcam.server.desk.sightings import Sighting

CODE = "4006381333931"
APPLE = Product("apple", "A1", CODE, "2.49", "EUR", 12, 3, None, {"zh": "苹果"})
BOX = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def sighting(text: str = CODE, format: str = "EAN-13") -> Sighting:
    return Sighting(text, format, 2, 1.0, 2.0, 2.0, BOX, False, text)


def test_a_code_and_its_product_are_two_facts() -> None:
    read, found = facts_of([sighting()], {CODE: APPLE})
    assert (read.source, read.text, read.seen_at) == ("read", f"EAN-13 {CODE}", "1970-01-01T00:00:02.000000Z")
    assert found.source == "looked_up"
    assert found.text == f"{CODE} in the catalogue: apple, 2.49 EUR, 12 in stock, delivery in 3 days"
    assert found.values["price"] == "2.49"


def test_a_code_that_the_catalogue_lacks_is_a_fact_too() -> None:
    _, missing = facts_of([sighting()], {CODE: None})
    assert missing.text == f"{CODE} is not in the catalogue"
    assert missing.values == {"error": "not found", "barcode": CODE}


def test_without_a_catalogue_nothing_is_said_about_it() -> None:
    assert [fact.source for fact in facts_of([sighting()], {})] == ["read"]


FACTS = facts_of([sighting()], {CODE: APPLE})


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
