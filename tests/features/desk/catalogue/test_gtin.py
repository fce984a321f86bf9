"""Retail numbers: one form for each, check digits checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.desk.catalogue import gtin


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("4006381333931", "4006381333931"),
        ("036000291452", "0036000291452"),  # UPC-A
        ("0036000291452", "0036000291452"),
        ("96385074", "96385074"),  # EAN-8
        ("4006 3813-33931", "4006381333931"),
        ("04006381333931", "4006381333931"),
        ("14006381333938", "14006381333938"),  # a case
    ],
)
def test_a_number_has_one_form(text: str, form: str) -> None:
    assert gtin.normal(text) == form
    assert gtin.problem(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("4006381333932", "ends in 2, its check digit is 1"),
        ("400638133393", "check digit"),
        ("12345", "5 digits"),
        ("ABC", "other signs than digits"),
        ("४००६३८१३३३९३१", "other signs than digits"),
    ],
)
def test_what_is_no_number_is_told_why(text: str, why: str) -> None:
    assert gtin.normal(text) is None
    assert why in (gtin.problem(text) or "")


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_never_passes(body: str, place: int, off: int) -> None:
    right = body + gtin.check_digit(body)
    wrong = right[:place] + str((int(right[place]) + off) % 10) + right[place + 1 :]
    assert gtin.normal(right) == right
    assert gtin.normal(wrong) is None


@pytest.mark.parametrize(
    ("short", "long"),
    [("01234565", "0012345000065"), ("04252614", "0042100005264"), ("01234133", "0012300000413")],
)
def test_upc_e_is_the_same_number_shorter(short: str, long: str) -> None:
    assert gtin.from_upc_e(short) == long


def test_a_digital_link_holds_its_number() -> None:
    assert gtin.from_link("https://id.example.org/01/09506000134352?17=290101") == "9506000134352"
    assert gtin.from_link("https://example.org/02/09506000134352") is None
    assert gtin.from_link("09506000134352") is None
