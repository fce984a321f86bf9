"""Questions to several cameras, plugged in: POST /v1/ask, and the name `all` beside the cameras' own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.server.feature import Feature, Given

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.ask_all.running import AskAllRunning

    return AskAllRunning(core)


FEATURE = Feature(name="ask_all", build=build)
