"""A server-side tool whose words a test chooses, of the kind that the built-in model was trained to call."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from askcam.server.tools.base import Circumstance, Signature

PRICE = "How much is this?"
FOUND = {"name": "banana", "price": "2.49", "currency": "EUR", "stock": 12, "delivery_days": 3}
FOUND_TEXT = json.dumps(FOUND)


@dataclass
class Shop:
    """A tool whose words the test chooses."""

    says: str | Exception = FOUND_TEXT
    hangs: bool = False
    available: bool = True
    server: str = "shop"
    name: str = "lookup_product"
    calls: list[tuple[Mapping[str, Any], Circumstance]] = field(default_factory=list)
    ended: bool = False

    @property
    def signature(self) -> Signature:
        query = {"query": {"type": "string", "description": "product name"}}
        about = "Look up a product's price, stock and delivery time."
        return Signature(self.name, about, {"type": "object", "properties": query, "required": ["query"]})

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        self.calls.append((arguments, circumstance))
        try:
            if self.hangs:
                await asyncio.Event().wait()
        finally:
            self.ended = True
        if isinstance(self.says, Exception):
            raise self.says
        return self.says
