"""The catalogue: what is found, and that importing is all or nothing."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from askcam.features.desk.catalogue.errors import CatalogueError
from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.catalogue.store import Catalogue
from askcam.features.desk.catalogue.taking import open_file, take

APPLE = Product("apple", "A1", "4006381333931", "2.49", "EUR", 12, 3, None, {"zh": "苹果"})
GOODS = (
    APPLE,
    Product("Apple juice 1 l", price="1.99"),
    Product("pineapple"),
    Product("苹果汁"),
    Product("bunch of grapes"),
    Product("Crème brûlée"),
    Product("cola", barcode="0036000291452"),
)


@pytest.fixture
def catalogue() -> Iterator[Catalogue]:
    with Catalogue.in_memory() as catalogue:
        catalogue.replace(GOODS)
        yield catalogue


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("apple", ["apple"]),
        ("Apples", ["apple"]),
        ("an apple", ["apple"]),
        ("juice", ["Apple juice 1 l"]),
        ("apple juice", ["Apple juice 1 l"]),
        ("grapes", ["bunch of grapes"]),
        ("creme brulee", ["Crème brûlée"]),
        ("苹果", ["apple"]),
        ("苹果汁", ["苹果汁"]),
        ("果汁", ["苹果汁"]),
        ("A1", ["apple"]),
        ("4006381333931", ["apple"]),
        ("036000291452", ["cola"]),  # a UPC-A, as its EAN-13
        ("https://id.example/01/04006381333931", ["apple"]),
        ("apple pie", []),  # no apple for who asks for a pie
        ("banana", []),
        ("", []),
        ('" OR name:*', []),
        ("apple AND NOT juice", []),
    ],
)
def test_a_search_finds_what_is_meant(catalogue: Catalogue, query: str, names: list[str]) -> None:
    assert [product.name for product in catalogue.find(query)] == names


def test_an_ambiguous_search_gives_the_candidates(catalogue: Catalogue) -> None:
    catalogue.replace([Product("green tea"), Product("black tea")])
    assert {product.name for product in catalogue.find("tea")} == {"green tea", "black tea"}


def test_what_is_told_leaves_out_what_is_not_known() -> None:
    assert APPLE.told() == {
        "name": "apple", "price": "2.49", "currency": "EUR", "stock": 12, "delivery_days": 3, "sku": "A1",
    }  # fmt: skip
    assert Product("x").told() == {"name": "x"}
    assert APPLE.told("苹果")["name"] == "苹果"


def test_a_product_replaces_the_one_with_its_key(catalogue: Catalogue) -> None:
    assert catalogue.replace([Product("red apple", "A1", price="3.00")]) == len(GOODS)
    assert [product.price for product in catalogue.find("A1")] == ["3.00"]
    assert catalogue.by_code("4006381333931") is None
    assert "apple" not in {product.name for product in catalogue.find("apple")}


def test_an_import_that_breaks_off_changes_nothing(catalogue: Catalogue) -> None:
    def broken() -> Iterator[Product]:
        yield Product("apple", "A1", price="9.99")
        raise CatalogueError("the disk is gone")

    with pytest.raises(CatalogueError):
        catalogue.replace(broken(), all=True)
    assert len(catalogue) == len(GOODS)
    assert catalogue.find("apple") == [APPLE]


def test_readers_see_the_old_or_the_new_never_less(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    with Catalogue.open(file, create=True) as writer, Catalogue.open(file) as reader:
        writer.replace([Product("apple", price="1"), Product("pear", price="1")])
        seen, ended = set(), threading.Event()

        def look() -> None:
            while not ended.is_set():
                seen.add(tuple(product.price for product in reader.find("apple")))

        thread = threading.Thread(target=look)
        thread.start()
        for price in range(20):
            writer.replace([Product("apple", price=str(price)), Product("pear", price=str(price))], all=True)
        ended.set()
        thread.join(60)
    assert seen <= {(str(price),) for price in range(20)} | {("1",)}


def test_a_table_is_taken_in_with_its_broken_lines_named(tmp_path: Path) -> None:
    table = tmp_path / "products.csv"
    table.write_text("name,barcode,price\napple,4006381333931,2.49\nbad,123,1\npear,,1.10\n")
    told: list[tuple[int, int]] = []
    with Catalogue.in_memory() as catalogue:
        taken = take(table, catalogue, progress=lambda done, lines: told.append((done, lines)))
        assert (taken.products, taken.num_broken, taken.total) == (2, 1, 2)
        assert taken.broken[0].line == 3
        assert told[-1][0] == told[-1][1]
        assert catalogue.by_code("4006381333931") is not None


def test_a_table_without_one_good_line_changes_nothing(tmp_path: Path, catalogue: Catalogue) -> None:
    table = tmp_path / "products.csv"
    table.write_text("name,barcode\nbad,123\n")
    with pytest.raises(CatalogueError, match=r"line 2: .*3 digits"):
        take(table, catalogue, all=True)
    assert len(catalogue) == len(GOODS)


def test_files_that_are_no_catalogue_are_refused_in_a_line(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    import sqlite3

    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t (a)")
    db.close()
    with pytest.raises(CatalogueError, match="no catalogue of this askcam"):
        open_file(other)
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 200)
    with pytest.raises(CatalogueError, match="torn"):
        open_file(tmp_path / "torn.db")
    with pytest.raises(CatalogueError, match="No such file"):
        open_file(tmp_path / "gone.csv")


def test_a_hundred_thousand_products_are_searched_at_once(tmp_path: Path) -> None:
    with Catalogue.in_memory() as catalogue:
        assert catalogue.replace(Product(f"part {n}", f"S{n}") for n in range(100_000)) == 100_000
        assert [product.sku for product in catalogue.find("part 77777")] == ["S77777"]
        assert catalogue.by_code("S99999") is not None
