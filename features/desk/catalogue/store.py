"""The catalogue as SQLite keeps it, with a full-text index over names in all languages, and an index of barcodes."""

import json
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from askcam.features.desk.catalogue import gtin
from askcam.features.desk.catalogue.errors import CatalogueError
from askcam.features.desk.catalogue.product import Product
from askcam.server.language import fulltext

VERSION = 1  # of the tables; kept as user_version
SCHEMA = """
CREATE TABLE products (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, sku TEXT, barcode TEXT, price TEXT,
    currency TEXT, stock INTEGER, delivery_days INTEGER, description TEXT, names TEXT NOT NULL);
CREATE INDEX by_barcode ON products (barcode);
CREATE INDEX by_name ON products (name COLLATE NOCASE);
CREATE VIRTUAL TABLE found USING fts5 (names, other, tokenize = 'porter unicode61 remove_diacritics 2');
"""
FIELDS = "name, sku, barcode, price, currency, stock, delivery_days, description, names"
BUSY_S = 5.0  # waited for another process that is just writing


class Catalogue:
    """An open catalogue. Any thread may call; one at a time is let in."""

    def __init__(self, db: sqlite3.Connection, what: str) -> None:
        self._db, self.what = db, what
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Self:
        """The catalogue in the SQLite file at `path`. Raises CatalogueError: not there, or no catalogue."""
        if not create and not path.is_file():
            raise CatalogueError(
                f"there is no catalogue {path}: make one with askcam catalogue import FILE --into {path}"
            )
        mode = "rwc" if create else "ro"
        try:
            db = sqlite3.connect(
                f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=BUSY_S, check_same_thread=False
            )
        except sqlite3.Error as exc:
            raise CatalogueError(f"cannot open the catalogue {path}: {exc}") from exc
        return cls._ready(db, str(path), create)

    @classmethod
    def in_memory(cls) -> Self:
        """An empty one that dies with the process."""
        return cls._ready(sqlite3.connect(":memory:", check_same_thread=False), "the catalogue", True)

    @classmethod
    def _ready(cls, db: sqlite3.Connection, what: str, create: bool) -> Self:
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            empty = not db.execute("SELECT 1 FROM sqlite_master").fetchone()
            if create and version == 0 and empty:
                db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            elif version != VERSION or not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'found'").fetchone():
                raise CatalogueError(f"{what} is no catalogue of this askcam: import its products into a new file")
        except sqlite3.Error as exc:
            db.close()
            raise CatalogueError(f"{what} is no catalogue: {exc}") from exc
        except CatalogueError:
            db.close()
            raise
        return cls(db, what)

    def replace(self, products: Iterable[Product], *, all: bool = False) -> int:
        """Take products in, each in the place of the one with its key; with `all`, those not among them go. Nothing
        is changed unless all of it is. Returns how many products there are then. Raises CatalogueError, and whatever
        `products` raises.
        """
        with self._lock:
            try:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    if all:
                        self._db.execute("DELETE FROM products")
                        self._db.execute("DELETE FROM found")
                    for product in products:
                        self._put(product)
                    return int(self._db.execute("SELECT count(*) FROM products").fetchone()[0])
            except sqlite3.Error as exc:
                raise CatalogueError(f"cannot write {self.what}: {exc}") from exc

    def _put(self, product: Product) -> None:
        there = self._db.execute("SELECT id FROM products WHERE key = ?", (product.key,)).fetchone()
        if there is not None:
            self._db.execute("DELETE FROM products WHERE id = ?", there)
            self._db.execute("DELETE FROM found WHERE rowid = ?", there)
        values = (
            there[0] if there else None,
            product.key,
            product.name,
            product.sku,
            product.barcode,
            product.price,
            product.currency,
            product.stock,
            product.delivery_days,
            product.description,
            json.dumps(dict(product.names), ensure_ascii=False),
        )
        row = self._db.execute(f"INSERT INTO products (id, key, {FIELDS}) VALUES ({', '.join('?' * 11)})", values)
        self._db.execute(
            "INSERT INTO found (rowid, names, other) VALUES (?, ?, ?)", (row.lastrowid, *_indexed(product))
        )

    def by_code(self, code: str) -> Product | None:
        """The product under a barcode in any of its forms, or under a sku. Raises CatalogueError."""
        barcode = gtin.normal(code) or gtin.from_link(code)
        found = [] if barcode is None else self._select("barcode = ?", barcode)
        found = found or self._select("sku = ?", code.strip())
        return found[0] if found else None

    def find(self, query: str, limit: int = 5) -> list[Product]:
        """The products that `query` may mean, best first: a code, an exact name, all its words, a name within it.

        A name of which the query says more than half again is not taken: who asks for "apple pie" gets no apple.
        Raises CatalogueError.
        """
        query = query.strip()
        if not query:
            return []
        coded = self.by_code(query)
        if coded is not None:
            return [coded]
        found = fulltext.tokens(query)
        if not found:
            return []
        candidates = self._search(fulltext.all_of(found), limit)
        named = [product for product in candidates if _is_named(product, found)]
        if named or candidates:
            return named or candidates
        near = self._search(fulltext.any_of(found), 50)
        within = [p for p in near if any(fulltext.mostly(name, found) for name in (p.name, *p.names.values()))]
        return within[:limit]

    def __len__(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM products").fetchone()[0])

    def _select(self, where: str, *values: str) -> list[Product]:
        return self._products(f"SELECT {FIELDS} FROM products WHERE {where} ORDER BY id LIMIT 5", *values)

    def _search(self, expression: str, limit: int) -> list[Product]:
        chosen = "SELECT rowid, bm25(found, 10, 1) AS far FROM found WHERE found MATCH ? ORDER BY far LIMIT ?"
        return self._products(
            f"SELECT {FIELDS} FROM ({chosen}) JOIN products ON id = rowid ORDER BY far", expression, limit
        )

    def _products(self, sql: str, *values: str | int) -> list[Product]:
        with self._lock:
            try:
                return [_product(row) for row in self._db.execute(sql, values)]
            except sqlite3.Error as exc:
                raise CatalogueError(f"cannot read {self.what}: {exc}") from exc

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _product(row: tuple[Any, ...]) -> Product:
    name, sku, barcode, price, currency, stock, days, description, names = row
    return Product(name, sku, barcode, price, currency, stock, days, description, json.loads(names))


def _indexed(product: Product) -> tuple[str, str]:
    """Names and other words of a product, as the index holds them."""
    other = " ".join(filter(None, (product.sku, product.barcode, product.description)))
    return fulltext.spaced(" ; ".join((product.name, *product.names.values()))), fulltext.spaced(other)


def _is_named(product: Product, asked: list[str]) -> bool:
    """Whether `asked` is one of its names, to the word."""
    names = (product.name, *product.names.values())
    return _stems(asked) in [_stems(fulltext.tokens(name)) for name in names]


def _stems(words: list[str]) -> list[str]:
    return [fulltext.stem(word) for word in words]
