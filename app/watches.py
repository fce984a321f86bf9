"""Watches and events, plugged in where they stand among features: their routes and tools. Others lean on the rest of
them, so that their life is the server's own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.server.feature import Feature, Given

if TYPE_CHECKING:
    from askcam.server.house import House
    from askcam.server.running import Running


def build(house: "House", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.server.api import events, proposals, watches
    from askcam.server.running import Running
    from askcam.server.tools.watches import ConfirmWatch, CreateWatch, ListWatches, RemoveWatch

    running, kept = Running(), house.watching
    running.tools = (ListWatches(kept), CreateWatch(kept), RemoveWatch(kept), ConfirmWatch(kept))
    running.endpoints = [one for room in (watches, proposals, events) for one in room.endpoints(house)]
    return running


FEATURE = Feature(name="watches", build=build)
