"""JSON bodies that cannot be taken: the complaint names the field, and what was meant."""

import json
from typing import Any, Literal

import msgspec
import pytest

from askcam.server.errors import MAX_TOLD, Invalid
from askcam.server.given_names import SHOWN
from askcam.server.wire.bodies import convert, decode


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    threshold: float = 0.5
    kind: Literal["yes_no", "text"] = "yes_no"


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    question: str = ""
    cameras: list[str] | None = None
    inner: Inner | None = None
    rows: list[Inner] = []
    named: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"camera": "lobby"}, "Object contains unknown field `camera`; did you mean 'cameras'?"),
        ({"zzz": 1}, "unknown field `zzz`; known here: cameras, inner, named, question, rows"),
        ({"inner": {"treshold": 1}}, "unknown field `treshold` in 'inner'; did you mean 'threshold'?"),
        ({"rows": [{}, {"knd": 1}]}, "unknown field `knd` in 'rows[1]'; did you mean 'kind'?"),
        ({"named": {"a.b": {"knd": 1}}}, "unknown field `knd` in 'named[]'; did you mean 'kind'?"),
        ({"inner": {"kind": "yesno"}}, "Invalid enum value 'yesno' in 'inner.kind'"),
    ],
)
def test_the_field_and_the_one_that_was_meant_are_told(body: dict[str, Any], told: str) -> None:
    for read in (lambda: decode(json.dumps(body), Outer), lambda: convert(body, Outer)):
        with pytest.raises(Invalid) as refused:
            read()
        assert told in refused.value.message


LONG = "x" * 200_000


@pytest.mark.parametrize(
    "body",
    [{LONG: 1}, {"inner": {LONG: 1}}, {"inner": {"kind": LONG}}, {"question": {LONG: LONG}}, {f"a\n`{LONG}`": 1}],
)
def test_what_comes_back_of_a_long_body_is_short(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        convert(body, Outer)
    assert len(refused.value.message) <= 4 * SHOWN < MAX_TOLD
