"""A front has every route that a server has, for the same people."""

import re
from pathlib import Path

import msgspec
import pytest

from askcam.app.asgi import all_endpoints
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.app.features import FEATURES
from askcam.cluster.front.cameras import NewFrontCamera
from askcam.cluster.front.config import FrontConfig, ShardConfig
from askcam.cluster.front.deliveries import RetryThem
from askcam.cluster.front.events import TheyWereSeen
from askcam.cluster.front.serving import build_front, front_endpoints
from askcam.features.clips.config import ClipsConfig
from askcam.features.events.api import Acknowledgements
from askcam.features.notify.api import RetryAll
from askcam.server.access.viewer import Role
from askcam.server.http.cameras import NewCamera

OWN = {("GET", "/v1/shards")}  # of a front alone
SIGNED = {("GET", "/clips/{id}.mp4")}  # of the server alone that has signed the link
WITH_ALL = Config(sections={"clips": ClipsConfig(folder=Path("nowhere"))})  # nothing is opened


def of_front() -> dict[tuple[str, str], Role | None]:
    brought = {feature.name: feature.at_front() for feature in FEATURES if feature.at_front is not None}
    core = build_front(FrontConfig(shards={"a": ShardConfig("http://127.0.0.1:9")}), brought)
    return {(each.method, each.plain_path): each.role for each in front_endpoints(core)}


def test_every_route_of_a_server_is_there_for_the_same_people() -> None:
    of_server = {(each.method, each.plain_path): each.role for each in all_endpoints(build_core(WITH_ALL))}
    of_server |= {route: Role.ADMIN for route, role in of_server.items() if role is Role.WATCHER}  # a front has none
    assert len(of_server) > 50
    found = of_front()
    assert {route: found.get(route, "missing") for route in of_server.keys() - SIGNED} == {
        route: role for route, role in of_server.items() if route not in SIGNED
    }
    assert found.keys() - of_server.keys() == OWN


@pytest.mark.parametrize("route", sorted(of_front()), ids="{0[0]} {0[1]}".format)
def test_what_changes_something_is_no_viewers_but_what_a_server_lets_viewers_do(route: tuple[str, str]) -> None:
    method, path = route
    if method in ("GET",) or re.search(r"chat|responses|/ask|acknowledge|judge|session|mcp|proposals$", path):
        return
    assert of_front()[route] is Role.ADMIN


@pytest.mark.parametrize(
    ("ours", "of_server", "more"),
    [
        (NewFrontCamera, NewCamera, {"shard", "only", "apart"}),
        (TheyWereSeen, Acknowledgements, set()),
        (RetryThem, RetryAll, set()),
    ],
)
def test_a_body_that_a_front_reads_has_the_fields_of_a_servers(
    ours: type[msgspec.Struct], of_server: type[msgspec.Struct], more: set[str]
) -> None:
    assert set(ours.__struct_fields__) - more == set(of_server.__struct_fields__)
