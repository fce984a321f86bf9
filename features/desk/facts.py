"""What a desk knows, as facts in the wire's words. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from askcam.client.protocol import Fact
from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.sightings import Sighting
from askcam.server.wire.moments import rfc3339


def facts_of(codes: Sequence[Sighting], products: Mapping[str, Product | None]) -> tuple[Fact, ...]:
    """What was read, then what was looked up. `codes` are verified ones. `products` by the codes' text; None: the
    catalogue lacks it; absent: it wasn't looked up."""
    read, found = [], []
    for code in codes:
        at = rfc3339(code.last_wall)
        values = {"format": code.format, "code": code.text}
        read.append(Fact("read", f"{code.format} {code.text}", values, at))
        if code.text not in products:
            continue
        product = products[code.text]
        if product is None:
            missing = {"error": "not found", "barcode": code.text}
            found.append(Fact("looked_up", f"{code.text} is not in the catalogue", missing, at))
        else:
            told: dict[str, Any] = product.told() | {"barcode": code.text}
            if product.names:
                told["names"] = dict(product.names)
            found.append(Fact("looked_up", f"{code.text} in the catalogue: {product.line()}", told, at))
    return (*read, *found)
