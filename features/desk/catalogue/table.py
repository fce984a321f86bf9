"""Tables as people keep them, read line by line: CSV in several encodings, delimiters and words for its columns. Pure.

A line that is no product is named with its number and the reason, and the others are read on.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from askcam.features.desk.catalogue import gtin
from askcam.features.desk.catalogue.errors import CatalogueError
from askcam.features.desk.catalogue.product import Product
from askcam.server.given_names import quoted

MAX_TEXT = 2000  # characters of one field
DELIMITERS = ",;\t|"
ENCODINGS = ("utf-8-sig", "gb18030", "cp1252")  # tried in order, where a byte order mark does not say it
COLUMNS = {  # our word for a column: those that people write, in lower case without blanks and signs
    "name": "name product productname title item itemname artikel bezeichnung produkt 名称 商品 商品名称 品名 产品",
    "sku": "sku id productid itemid articlenumber artikelnummer itemnumber number ref reference 编号 货号 商品编号",
    "barcode": "barcode ean ean13 ean8 gtin gtin13 upc upca code eancode strichcode 条码 条形码",
    "price": "price unitprice cost amount preis grossprice retailprice 价格 单价 售价",
    "currency": "currency curr waehrung währung 货币 币种",
    "stock": "stock instock quantity qty inventory available onhand bestand lager 库存 数量",
    "delivery_days": "deliverydays delivery days leadtime deliverytime lieferzeit shippingdays 配送天数 送货天数",
    "description": "description details about text beschreibung 描述 说明 简介",
}
KNOWN = {word: ours for ours, words in COLUMNS.items() for word in words.split()}
LANGUAGE = re.compile(r"(?:name|title|product)[_\-.: ]?\(?([a-z]{2}(?:[_-][a-z]{2,4})?)\)?", re.IGNORECASE)
SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "CNY", "元": "CNY"}
GROUPED = [rf"-?\d{{1,3}}(?:{sign}\d{{3}})+" for sign in ("'", " ", ",", r"\.")]  # thousands, with one sign
GROUPED.append(r"-?\d{1,2}(?:,\d{2})+,\d{3}")  # lakhs and crores
MONEY = re.compile(r"([A-Z]{3}|[€$£¥元])?\s*(-?[\d.,' \u00a0]*\d)\s*([A-Z]{3}|[€$£¥元])?")


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is no product. `line` counts from 1, the header included."""

    line: int
    why: str


def text_of(data: bytes, what: str) -> str:
    """The text of a file in whichever of the usual encodings it is. Raises CatalogueError."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CatalogueError(f"{what} is no text in UTF-8, GB 18030 or Windows-1252: save it as CSV in UTF-8")


def rows(text: str, what: str) -> Iterator[Product | BrokenLine]:
    """The products of a table with a header. Raises CatalogueError when no column can be a name."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    header: list[str | None] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            if not header:
                raise CatalogueError(f"{what} is empty: its first line must name the columns") from None
            return
        except csv.Error as exc:
            yield BrokenLine(reader.line_num, f"not CSV: {exc}")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = columns(cells, what)
            continue
        try:
            yield _product(header, cells)
        except ValueError as exc:
            yield BrokenLine(reader.line_num, str(exc))


def columns(cells: Sequence[str], what: str) -> list[str | None]:
    """What each column is: our word, "name:zh" for a language, None for what isn't used. Raises CatalogueError."""
    found: list[str | None] = []
    for cell in cells:
        word = re.sub(r"[\s_\-./()]+", "", cell.strip().lower())
        language = LANGUAGE.fullmatch(cell.strip())
        ours = KNOWN.get(word) or (f"name:{language[1].lower()}" if language else None)
        found.append(ours if ours not in found else None)
    if "name" not in found:
        first = next((place for place, ours in enumerate(found) if ours and ours.startswith("name:")), None)
        if first is None:
            given = ", ".join(cell.strip()[:30] for cell in cells[:12])
            raise CatalogueError(
                f"{what} has no column that is a product's name; its first line says: {given}; "
                "name the columns name, barcode, price, currency, stock, delivery_days, sku, description"
            )
        found[first] = "name"
    return found


def _product(header: Sequence[str | None], cells: Sequence[str]) -> Product:
    """Raises ValueError: why this line is no product."""
    if len([cell for cell in cells[len(header) :] if cell.strip()]):
        raise ValueError(f"{len(cells)} fields under {len(header)} columns; put quotes round what holds the delimiter")
    given = {ours: cell.strip() for ours, cell in zip(header, cells, strict=False) if ours and cell.strip()}
    for ours, cell in given.items():
        if len(cell) > MAX_TEXT:
            raise ValueError(f"{ours} has {len(cell)} characters; at most {MAX_TEXT} are kept")
    if "name" not in given:
        raise ValueError("it has no name")
    barcode = given.get("barcode")
    if barcode is not None and (why := gtin.problem(barcode)) is not None:
        raise ValueError(why)
    price, currency = _money(given.get("price"))
    return Product(
        name=given["name"],
        sku=given.get("sku"),
        barcode=None if barcode is None else gtin.normal(barcode),
        price=price,
        currency=SYMBOLS.get(given.get("currency", ""), given.get("currency", "").upper()) or currency,
        stock=_whole(given.get("stock"), "stock"),
        delivery_days=_whole(given.get("delivery_days"), "delivery_days"),
        description=given.get("description"),
        names={ours[5:]: cell for ours, cell in given.items() if ours.startswith("name:")},
    )


def _money(text: str | None) -> tuple[str | None, str | None]:
    """ "1.299,00 €" is ("1299.00", "EUR")."""
    if text is None:
        return None, None
    match = MONEY.fullmatch(text)
    number = None if match is None else _number(match[2])
    if match is None or number is None:
        raise ValueError(f"the price {quoted(text)} is no number")
    if number < 0:
        raise ValueError(f"the price {quoted(text)} is below zero")
    sign = match[1] or match[3]
    return f"{number:f}", SYMBOLS.get(sign or "", sign)


def _number(text: str) -> Decimal | None:
    """A number with any of the usual signs for thousands; the last sign is the decimal one if it stands alone.

    None: it is none, or its groups are no thousands, so that nobody can say how large it is."""
    whole, sign, rest = text, "", ""
    dot, comma = text.rfind("."), text.rfind(",")
    if dot >= 0 and comma >= 0:  # both: the last is the decimal sign
        sign = "." if dot > comma else ","
    elif comma >= 0 and text.count(",") == 1 and (len(text) - comma != 4 or text[:comma] in ("", "-", "0", "-0")):
        sign = ","  # three digits behind it are thousands
    elif dot >= 0 and text.count(".") == 1:
        sign = "."
    if sign:
        whole, _, rest = text.rpartition(sign)
    whole = whole.replace("\u00a0", " ")
    if not re.fullmatch(r"-?\d*", whole) and not any(re.fullmatch(form, whole) for form in GROUPED):
        return None
    try:
        return Decimal(re.sub(r"[^\d-]", "", whole) + (f".{rest}" if sign else ""))
    except InvalidOperation:
        return None


def _whole(text: str | None, what: str) -> int | None:
    if text is None:
        return None
    number = _number(text) if re.fullmatch(r"-?[\d.,' \u00a0]+", text) else None
    if number is None or number != int(number) or abs(number) > 10**12:
        raise ValueError(f"{what} {quoted(text)} is no whole number")
    if number < 0:
        raise ValueError(f"{what} {quoted(text)} is below zero")
    return int(number)
