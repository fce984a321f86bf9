"""`lookup_product`: what the catalogue says of the product before the camera, by its code where one was read."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from askcam.client.protocol import Fact
from askcam.features.desk.catalogue.errors import CatalogueError
from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.catalogue.store import Catalogue
from askcam.features.desk.desks import Desks
from askcam.features.desk.reading import number_of_goods
from askcam.server.tools.base import BUILT_IN, Circumstance, Fault, Signature, ToolError

MAX_RESULTS = 5
NOT_FOUND = {"error": "not found"}  # in the words that the built-in model was trained on, and no more


class LookupProduct:
    """A code that a product desk has read goes before what the model believes to see: the model may be wrong about a
    tin of paint, its barcode isn't."""

    server = BUILT_IN
    signature = Signature(
        "lookup_product",
        "Look up a product's price, stock and delivery time.",
        {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "product name", "maxLength": 500}},
            "required": ["query"],
        },
    )

    def __init__(self, catalogue: Catalogue | None, desks: Desks) -> None:
        self._catalogue, self._desks = catalogue, desks

    @property
    def available(self) -> bool:
        return self._catalogue is not None

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        if self._catalogue is None:
            raise ToolError(Fault.UNAVAILABLE, "there is no catalogue here: name its file under [catalogue]")
        query = str(arguments["query"])
        codes = _read(circumstance.facts) or [
            (code.text, code.retail is not None) for code in self._desks.codes(circumstance.camera)
        ]
        try:
            told = await asyncio.to_thread(_look_up, self._catalogue, query, codes)
        except CatalogueError as exc:
            raise ToolError(Fault.FAILED, str(exc)) from exc
        return json.dumps(told, ensure_ascii=False)


def _read(facts: Sequence[Fact]) -> list[tuple[str, bool]]:
    """The codes that the answer speaks of, and whether they are numbers of goods: a product that was shown when the
    question was put may be gone by now, and another lie there."""
    values = [fact.values for fact in facts if fact.source == "read"]
    return [
        (code["code"], number_of_goods(code["code"], code["format"]) is not None)
        for code in values
        if isinstance(code.get("code"), str) and isinstance(code.get("format"), str)
    ]


def _look_up(catalogue: Catalogue, query: str, codes: list[tuple[str, bool]]) -> dict[str, Any]:
    """`codes` that were read, and whether they are numbers of goods: those of other things say nothing unless the
    catalogue knows them."""
    coded = {code: catalogue.by_code(code) for code, _ in codes}
    found = [product for product in coded.values() if product is not None]
    if not found and any(is_goods for _, is_goods in codes):
        return dict(NOT_FOUND)  # whatever the model believes to see
    return _told(found or catalogue.find(query, MAX_RESULTS), query)


def _told(found: list[Product], query: str) -> dict[str, Any]:
    if not found:
        return dict(NOT_FOUND)
    rows = [product.told(query) for product in {product.key: product for product in found}.values()]
    return rows[0] if len(rows) == 1 else {"results": rows[:MAX_RESULTS]}
