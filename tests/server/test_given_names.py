"""How complaints repeat what came from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.server.given_names import SHOWN, did_you_mean, quoted


@pytest.mark.parametrize(
    ("value", "told"),
    [("lobby", "'lobby'"), ("x" * SHOWN, repr("x" * SHOWN)), ("x" * (SHOWN + 1), repr("x" * SHOWN) + "..."), (5, "5")],
)
def test_a_short_value_is_repeated_and_a_long_one_cut(value: object, told: str) -> None:
    assert quoted(value) == told


@given(st.text(max_size=200) | st.lists(st.text(max_size=50)))
def test_however_long_a_value_is_and_whatever_it_holds_it_takes_one_short_line(value: object) -> None:
    told = quoted(value)
    assert len(told) <= 12 * SHOWN  # an escaped character takes ten
    assert "\n" not in told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("camera", "did you mean 'cameras'?"),
        ("max_tokns", "did you mean 'max_tokens'?"),
        ("zzz", "known here: cameras, max_tokens, question"),
        ("camera" * 50_000, "known here: cameras, max_tokens, question"),
    ],
)
def test_the_known_name_that_is_near_is_told_else_all(name: str, told: str) -> None:
    assert did_you_mean(name, ["question", "cameras", "max_tokens"]) == told


def test_of_very_many_names_some_are_told() -> None:
    told = did_you_mean("zzz", [f"name{i:04}" for i in range(5000)])
    assert len(told) < 600
    assert told.endswith(", ...")
