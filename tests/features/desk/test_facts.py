"""Facts of what was read and looked up."""

from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.facts import facts_of
from askcam.features.desk.sightings import Sighting

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
