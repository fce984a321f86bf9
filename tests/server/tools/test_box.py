"""Who is offered which tool."""

from collections.abc import Mapping
from typing import Any

import pytest

from askcam.server.errors import Refusal
from askcam.server.tools.base import Circumstance, Signature
from askcam.server.tools.box import Toolbox


class Named:
    """A tool that says its own name."""

    def __init__(self, name: str, server: str = "built-in", available: bool = True) -> None:
        self.signature, self.server, self.available = Signature(name, ""), server, available

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        return self.signature.name


@pytest.fixture
def box() -> Toolbox:
    box = Toolbox()
    for tool in (Named("clock"), Named("track", "parcels"), Named("send", "parcels"), Named("gone", "x", False)):
        box.add(tool)
    return box


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ((), []),
        (("clock",), ["clock"]),
        (("parcels.*",), ["track", "send"]),
        (("parcels.track",), ["track"]),
        (("*",), ["clock", "track", "send"]),
        (("gone",), []),  # not available
    ],
)
def test_a_camera_is_offered_what_its_list_lets_pass(box: Toolbox, patterns: tuple[str, ...], names: list[str]) -> None:
    assert [tool.signature.name for tool in box.offered(patterns, None)] == names


def test_a_question_may_want_fewer_but_not_others(box: Toolbox) -> None:
    assert [tool.signature.name for tool in box.offered(("*",), ["track"])] == ["track"]
    assert box.offered(("*",), []) == ()
    with pytest.raises(Refusal, match="'track' is not offered here; offered: clock"):
        box.offered(("clock",), ["track"])


def test_of_one_name_the_list_decides_and_else_the_first_that_is_there(box: Toolbox) -> None:
    box.add(Named("clock", "elsewhere"))
    box.add(Named("gone", "parcels"))
    assert [tool.server for tool in box.offered(("elsewhere.clock",), None)] == ["elsewhere"]
    assert {tool.signature.name: tool.server for tool in box.offered(("*",), None)} == {
        "clock": "built-in",
        "track": "parcels",
        "send": "parcels",
        "gone": "parcels",
    }


def test_what_a_server_has_is_replaced_and_forgotten_without_touching_others(box: Toolbox) -> None:
    box.add(Named("clock", "elsewhere"))
    box.add(Named("track", "parcels", available=False))
    assert [tool.signature.name for tool in box.offered(("parcels.*",), None)] == ["send"]
    box.remove("parcels")
    box.remove("built-in")
    assert [(tool.server, tool.signature.name) for tool in box.all()] == [("x", "gone"), ("elsewhere", "clock")]
