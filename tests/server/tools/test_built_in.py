"""askcam's own tools: the clock and the catalogue; those that look through cameras are in test_desk.py."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from askcam.client.protocol import Fact
from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.catalogue.store import Catalogue
from askcam.features.desk.desks import Desks
from askcam.features.desk.lookup import LookupProduct
from askcam.features.desk.sightings import Sighting
from askcam.server.tools.base import Circumstance, Fault, ToolError
from askcam.server.tools.clock import ClockTool

CODE, OTHER = "4006381333931", "9506000134352"
DESK = Circumstance("desk", "ans_1")
APPLE = Product("apple", barcode=CODE, price="2.49", currency="EUR", stock=12, delivery_days=3)


class Seen(Desks):
    """A desk before which these codes lie."""

    def __init__(self, *codes: tuple[str, str | None]) -> None:
        super().__init__()
        box = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        self._seen = tuple(Sighting(text, "x", 2, 0.0, 0.0, 0.0, box, True, retail) for text, retail in codes)

    def codes(self, camera: str | None) -> tuple[Sighting, ...]:
        return self._seen if camera == "desk" else ()

    def facts(self, camera: str | None) -> tuple[Fact, ...]:
        return ()


@pytest.fixture
def catalogue() -> Iterator[Catalogue]:
    with Catalogue.in_memory() as catalogue:
        catalogue.replace([APPLE, Product("banana", "B7", price="1.20"), Product("red tea"), Product("green tea")])
        yield catalogue


async def look_up(catalogue: Catalogue, desks: Desks, query: str, where: Circumstance = DESK) -> object:
    return json.loads(await LookupProduct(catalogue, desks).call({"query": query}, where))


async def test_words_find_a_product_in_the_shape_that_models_were_trained_on(catalogue: Catalogue) -> None:
    told = await look_up(catalogue, Seen(), "Apple")
    assert told == {"name": "apple", "price": "2.49", "currency": "EUR", "stock": 12, "delivery_days": 3}
    assert await look_up(catalogue, Seen(), "tractor") == {"error": "not found"}
    assert await look_up(catalogue, Seen(), "tea") == {"results": [{"name": "red tea"}, {"name": "green tea"}]}


async def test_a_code_that_was_read_goes_before_what_the_model_believes_to_see(catalogue: Catalogue) -> None:
    told = await look_up(catalogue, Seen((CODE, CODE)), "banana")
    assert isinstance(told, dict)
    assert told["name"] == "apple"


async def test_a_code_that_the_catalogue_lacks_is_not_answered_by_words(catalogue: Catalogue) -> None:
    assert await look_up(catalogue, Seen((OTHER, OTHER)), "banana") == {"error": "not found"}


async def test_the_product_that_was_shown_when_the_question_was_put_is_looked_up_though_it_is_gone(
    catalogue: Catalogue,
) -> None:
    def asked(code: str, code_format: str = "EAN-13") -> Circumstance:
        read = Fact("read", f"{code_format} {code}", {"format": code_format, "code": code})
        return replace(DESK, facts=(Fact("read", "a word", {"text": "SALE"}), read))

    gone = await look_up(catalogue, Seen(), "banana", asked(CODE))
    swapped = await look_up(catalogue, Seen((OTHER, OTHER)), "banana", asked(CODE))
    assert isinstance(gone, dict)
    assert (gone["name"], swapped) == ("apple", gone)
    assert await look_up(catalogue, Seen(), "banana", asked(OTHER)) == {"error": "not found"}
    assert await look_up(catalogue, Seen(), "tractor", asked("https://example.org", "QR Code")) == {
        "error": "not found"
    }
    poster = await look_up(catalogue, Seen(), "banana", asked("https://example.org", "QR Code"))
    assert isinstance(poster, dict)
    assert poster["name"] == "banana"


async def test_a_poster_s_qr_code_says_nothing_about_goods(catalogue: Catalogue) -> None:
    poster = Seen(("https://example.org", None))
    told = await look_up(catalogue, poster, "banana")
    assert told == {"name": "banana", "price": "1.20", "sku": "B7"}
    label = Seen(("B7", None))  # unless the catalogue knows it
    assert await look_up(catalogue, label, "apple") == told


async def test_codes_before_another_camera_do_not_count(catalogue: Catalogue) -> None:
    told = await look_up(catalogue, Seen((CODE, CODE)), "banana", Circumstance("lobby", "ans_1"))
    assert isinstance(told, dict)
    assert told["name"] == "banana"


def test_without_a_catalogue_the_tool_is_not_offered() -> None:
    assert not LookupProduct(None, Seen()).available


NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "time", "offset"),
    [("UTC", "12:00:00", "+00:00"), ("Europe/Berlin", "14:00:00", "+02:00"), ("Asia/Shanghai", "20:00:00", "+08:00")],
)
async def test_the_clock_knows_time_zones(zone: str, time: str, offset: str) -> None:
    told = json.loads(await ClockTool(lambda: NOON).call({"timezone": zone}, DESK))
    assert told == {
        "time": time, "date": "2026-07-01", "weekday": "Wednesday", "timezone": zone, "utc_offset": offset,
    }  # fmt: skip


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "\x00", "x" * 500])
async def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(ToolError) as caught:
        await ClockTool().call({"timezone": zone}, DESK)
    assert caught.value.fault is Fault.ARGUMENTS
    assert len(str(caught.value)) < 200
