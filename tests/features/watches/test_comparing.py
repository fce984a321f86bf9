"""Which numbers a comparison holds for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.watches.comparing import any_of, read


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (">= 5", {5, 6, 7, 8, 9}),
        (">5", {6, 7, 8, 9}),
        ("< 2", {0, 1}),
        ("<=2", {0, 1, 2}),
        ("= 0", {0}),
        ("7", {7}),
        ("3..5", {3, 4, 5}),
        (" 4 .. 4 ", {4}),
    ],
)
def test_what_is_written_holds(text: str, numbers: set[int]) -> None:
    assert {number for number in range(10) if read(text)(number)} == numbers


@pytest.mark.parametrize(
    "text", ["", "many", ">= many", "5..3", "-1", "> 5 and < 7", "=> 5", "1.5", ">= 12345", "> ５a"]
)
def test_what_is_no_comparison_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"'>= 5', '< 2', '= 0' or '3\.\.8'"):
        read(text)


@given(st.integers(0, 99), st.integers(0, 99))
def test_any_of_several_is_enough(low: int, high: int) -> None:
    holds = any_of([f"< {low}", f"> {high}"])
    assert all(holds(number) == (number < low or number > high) for number in range(101))
