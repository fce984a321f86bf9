"""Tables as people keep them."""

from typing import Any

import pytest

from askcam.features.desk.catalogue.errors import CatalogueError
from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.catalogue.table import BrokenLine, rows, text_of


def read(text: str) -> list[Product | BrokenLine]:
    return list(rows(text, "products.csv"))


def one(text: str) -> Product:
    (found,) = read(text)
    assert isinstance(found, Product), found
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_found(delimiter: str) -> None:
    lines = [["name", "barcode", "price", "currency", "stock"], ["apple", "4006381333931", "2.49", "EUR", "12"]]
    assert one("\n".join(delimiter.join(line) for line in lines)) == Product(
        "apple", barcode="4006381333931", price="2.49", currency="EUR", stock=12
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_any_usual_encoding_is_read(encoding: str) -> None:
    text = text_of("商品名称,条形码,价格,库存,配送天数\n苹果,4006381333931,9.90元,5,2\n".encode(encoding), "x")
    assert one(text) == Product("苹果", barcode="4006381333931", price="9.90", currency="CNY", stock=5, delivery_days=2)


def test_western_letters_of_old_windows_are_read() -> None:
    assert one(text_of("Bezeichnung;Preis\nBr\xf6tchen;0,45 \x80\n".encode("latin-1"), "x")) == Product(
        "Brötchen", price="0.45", currency="EUR"
    )


@pytest.mark.parametrize(
    ("written", "price", "currency"),
    [
        ("2.49", "2.49", None),
        ("2,49", "2.49", None),
        ("1.299,00 €", "1299.00", "EUR"),
        ("$1,299.00", "1299.00", "USD"),
        ("1'299.50 CHF", "1299.50", "CHF"),
        ("1,299", "1299", None),
        ("1,2345", "1.2345", None),  # four digits are no thousands
        ("1.2345", "1.2345", None),
        ("0,125", "0.125", None),
        (",125", "0.125", None),
        ("12,3", "12.3", None),
        ("1,234,567", "1234567", None),
        ("1.234.567", "1234567", None),
        ("1.234.567,89", "1234567.89", None),
        ("1 234 567,89 €", "1234567.89", "EUR"),
        ("12,34,567.50", "1234567.50", None),
        ("1234567", "1234567", None),
        (".5", "0.5", None),
        ("¥12", "12", "CNY"),
    ],
)
def test_prices_are_read_as_people_write_them(written: str, price: str, currency: str | None) -> None:
    found = one(f'name;price\nx;"{written}"\n')
    assert (found.price, found.currency) == (price, currency)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (";4006381333931;1", "no name"),
        ("x;4006381333932;1", "check digit is 1"),
        ("x;;cheap", "'cheap' is no number"),
        ("x;;-1", "below zero"),
        ("x;;1,2345,6", "'1,2345,6' is no number"),
        ("x;;1.2345,60", "is no number"),
        ("x;;1,2345.60", "is no number"),
        ("x;;1.23.456", "is no number"),
        ("x;;1 2345", "is no number"),
        ("x;;1'2345", "is no number"),
        ("x;;1,234'567", "is no number"),
        ("x;;12345,678,9", "is no number"),
        ("x;;1;2;3", "5 fields under 3 columns"),
        (f"{'x' * 3000};;1", "3000 characters"),
    ],
)
def test_a_broken_line_is_named_and_the_others_are_read(line: str, why: str) -> None:
    first, broken, last = read(f"name;barcode;price\na;;1\n{line}\nb;;2\n")
    assert isinstance(broken, BrokenLine)
    assert broken.line == 3
    assert why in broken.why
    assert [each.name for each in (first, last) if isinstance(each, Product)] == ["a", "b"]


def test_quoted_fields_may_hold_lines_and_delimiters() -> None:
    found = one('name;description\n"tea; green";"first\nsecond"\n')
    assert (found.name, found.description) == ("tea; green", "first\nsecond")


def test_names_in_other_languages_have_columns_of_their_own() -> None:
    assert one("name;name_zh;name:de\napple;苹果;Apfel\n").names == {"zh": "苹果", "de": "Apfel"}


@pytest.mark.parametrize(
    ("text", "words"), [("", "is empty"), ("colour;size\nred;3\n", "colour, size"), ("price\n3\n", "no column")]
)
def test_a_table_without_names_is_refused(text: str, words: str) -> None:
    with pytest.raises(CatalogueError, match=words):
        read(text)


def test_nothing_that_csv_can_hold_breaks_the_reading() -> None:
    from hypothesis import given
    from hypothesis import strategies as st

    @given(st.text(max_size=200))
    def check(text: str) -> None:
        found: list[Any] = read("name;barcode;price;stock\n" + text)
        assert all(isinstance(each, Product | BrokenLine) for each in found)

    check()
