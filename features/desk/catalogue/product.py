"""One product, and what is told of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from askcam.server.language.chinese import is_han


@dataclass(frozen=True, slots=True)
class Product:
    """One line of a catalogue. Of the fields only `name` is always there."""

    name: str
    sku: str | None = None
    barcode: str | None = None  # in gtin's one form
    price: str | None = None  # as it is to be said: "2.49"
    currency: str | None = None  # ISO 4217: "EUR"
    stock: int | None = None
    delivery_days: int | None = None
    description: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # by language: {"zh": "苹果"}

    @property
    def key(self) -> str:
        """What makes two lines the same product: its sku, else its barcode, else its name."""
        if self.sku:
            return f"sku:{self.sku}"
        return f"barcode:{self.barcode}" if self.barcode else f"name:{self.name.casefold()}"

    def name_for(self, words: str) -> str:
        """The name in the language of `words`, as far as the script tells; else the usual one."""
        if any(is_han(char) for char in words) and not any(is_han(char) for char in self.name):
            return next((name for lang, name in self.names.items() if lang.startswith("zh")), self.name)
        return self.name

    def told(self, words: str = "") -> dict[str, Any]:
        """What a model is told, in the shape that it was trained on: what isn't known is left out."""
        told: dict[str, Any] = {"name": self.name_for(words), "price": self.price, "currency": self.currency}
        told |= {"stock": self.stock, "delivery_days": self.delivery_days, "sku": self.sku}
        return {name: value for name, value in told.items() if value is not None}

    def line(self) -> str:
        """What it is and costs, on one line for people and models."""
        parts = [self.name]
        if self.price is not None:
            parts.append(f"{self.price} {self.currency}" if self.currency else self.price)
        if self.stock is not None:
            parts.append(f"{self.stock} in stock")
        if self.delivery_days is not None:
            parts.append(f"delivery in {self.delivery_days} day{'' if self.delivery_days == 1 else 's'}")
        return ", ".join(parts)
