"""What was read in the last seconds: verified when read twice or checked well, forgotten after a while."""

import pytest

from askcam.features.desk.reading import Code
from askcam.features.desk.sightings import KEEP_S, MAX_HELD, Sightings, verified

HERE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
THERE = ((100.0, 0.0), (110.0, 0.0), (110.0, 10.0), (100.0, 10.0))


def code(text: str, sure: bool = False, at: tuple[tuple[float, float], ...] = HERE) -> Code:
    return Code(text, "QR Code" if sure else "EAN-13", at, sure)


def texts(sightings: Sightings, now: float) -> list[str]:
    return [each.text for each in verified(sightings.now(now))]


def test_a_code_with_a_weak_check_is_verified_by_its_second_reading() -> None:
    seen = Sightings()
    seen.add([code("4006381333931")], 100.0, 0.0)
    assert texts(seen, 0.1) == []
    seen.add([code("4006381333931")], 100.2, 0.2)
    (found,) = verified(seen.now(0.2))
    assert (found.reads, found.first_wall, found.last_wall) == (2, 100.0, 100.2)


def test_a_code_with_a_strong_check_is_verified_at_once() -> None:
    seen = Sightings()
    seen.add([code("https://x", sure=True)], 100.0, 0.0)
    assert texts(seen, 0.0) == ["https://x"]


def test_of_two_numbers_read_from_one_place_only_the_one_read_far_more_often_is_told() -> None:
    seen = Sightings()
    for number in range(2):
        seen.add([code("4006381333931")], 100.0, number / 10)
    seen.add([code("8607220914166")], 100.0, 0.2)
    assert texts(seen, 0.2) == ["4006381333931"]
    seen.add([code("8607220914166")], 100.0, 0.3)
    assert texts(seen, 0.3) == []
    for number in range(4, 8):
        seen.add([code("4006381333931")], 100.0, number / 10)
    assert texts(seen, 0.7) == ["4006381333931"]


def test_a_short_code_that_was_read_in_a_long_one_is_not_told() -> None:
    seen = Sightings()
    for number in range(2):
        long = Code("3519997581432", "EAN-13", HERE, number == 1)
        seen.add(
            [long, Code("0151999000073", "UPC-E", ((2, 5), (7, 5), (7, 5.1), (2, 5.1)), False)], 100.0, number / 10
        )
    assert texts(seen, 0.1) == ["3519997581432"]


def test_two_goods_side_by_side_are_both_told() -> None:
    seen = Sightings()
    for number in range(2):
        seen.add([code("4006381333931"), code("8607220914166", at=THERE)], 100.0, number / 10)
    assert sorted(texts(seen, 0.2)) == ["4006381333931", "8607220914166"]


def test_a_code_that_is_out_of_sight_is_forgotten() -> None:
    seen = Sightings()
    seen.add([code("https://x", sure=True)], 100.0, 0.0)
    assert texts(seen, KEEP_S) == ["https://x"]
    assert texts(seen, KEEP_S + 0.1) == []


def test_a_picture_that_stands_still_keeps_what_it_shows() -> None:
    seen = Sightings()
    seen.add([code("https://x", sure=True)], 100.0, 0.0)
    for number in range(1, 20):
        seen.still(100.0 + number, float(number))
    (found,) = seen.now(19.0)
    assert found.reads == 1
    assert found.last_wall == pytest.approx(119.0)


def test_a_still_picture_without_a_code_keeps_none() -> None:
    seen = Sightings()
    seen.add([code("https://x", sure=True)], 100.0, 0.0)
    seen.add([], 100.2, 0.2)  # it was taken away
    for number in range(1, 20):
        seen.still(100.0 + number, float(number))
    assert seen.now(19.0) == ()


def test_at_most_so_many_are_held() -> None:
    seen = Sightings()
    for number in range(100):
        seen.add([code(f"https://{number}", sure=True)], 100.0, number / 100)
    assert len(seen.now(1.0)) == MAX_HELD
    assert seen.now(1.0)[0].text == "https://99"
