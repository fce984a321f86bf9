"""A feature is plugged in at one place; one that is left out leaves no trace in a server."""

import contextlib
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from askcam.app import serving
from askcam.app.asgi import all_endpoints
from askcam.app.build import build_core, in_order
from askcam.app.config import CameraEntry, Config, ServerConfig
from askcam.app.config_file import load
from askcam.app.features import FEATURES
from askcam.app.plugged import add_commands
from askcam.app.program import app
from askcam.demo.builtin import model_path
from askcam.features.audit.config import AuditConfig
from askcam.features.clips.config import ClipsConfig
from askcam.features.desk.feature import FEATURE as DESK
from askcam.features.events.config import WatchingConfig
from askcam.features.events.running import EventsRunning
from askcam.features.evidence.config import EvidenceConfig
from askcam.features.timeline.config import TimelineConfig
from askcam.features.watches.setting import WatchSetting
from askcam.server.camera_use import CameraUse
from askcam.server.core import Core
from askcam.server.feature import Feature, Program

# Every option of a camera is used, so that whatever is done only where somebody wants it is done.
OPTIONS = {name: True for feature in FEATURES for name in feature.camera_options}
CAMERAS = {"door": CameraEntry("synthetic:1", use=CameraUse(options=OPTIONS))}
EVIDENCE = EvidenceConfig(enabled=True, folder=Path("nowhere"))  # nothing is opened
AUDIT = AuditConfig(enabled=True, folder=Path("nowhere"))  # likewise
CLIPS = ClipsConfig(folder=Path("nowhere"))
WANTED = Config(cameras=CAMERAS, sections=load().sections | {"evidence": EVIDENCE, "audit": AUDIT, "clips": CLIPS})


TABLES = {  # beside the events
    "watches": ("watches", "memories", "texts", "brought", "asked_since"),
    "calibration": ("calibrations",),
    "clips": ("clips",),
}
THREADS = {
    "events": ("askcam-watching",),
    "evidence": ("askcam-evidence",),
    "audit": ("askcam-audit",),
    "timeline": ("askcam-timeline",),
    "clips": ("askcam-clips", "askcam-clips-pictures"),
}


def routes(house: Core) -> set[str]:
    return {f"{endpoint.method} {endpoint.path}" for endpoint in all_endpoints(house)}


def tools(house: Core) -> set[str]:
    return {tool.signature.name for tool in house.tools.all()}


def client_events(house: Core) -> set[str]:
    """Of realtime sessions, beside their own."""
    return {kind for each in house.realtime for kind in each.readers}


def tables(house: Core) -> set[str]:
    """Of others, in the events' file."""
    running = house.features.get("events")
    sql = "".join(running.events.keeping.tables) if isinstance(running, EventsRunning) else ""
    return set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", sql))


async def threads(house: Core) -> set[str]:
    """Begun by what is plugged in."""
    before = set(threading.enumerate())
    async with contextlib.AsyncExitStack() as stack:
        for running in house.features.values():
            await running.open()
            stack.push_async_callback(running.close)
        names = {thread.name for thread in set(threading.enumerate()) - before}
    return {name.removesuffix("_0") for name in names if name.startswith("askcam-")}


def series(house: Core) -> set[str]:
    return {family.name for family in text_string_to_metric_families(house.metrics.render().decode())}


def with_those_that_need(name: str) -> set[str]:
    """A feature and all that cannot be there without it."""
    found = {name}
    for feature in in_order(FEATURES):
        if found & set(feature.needs):
            found.add(feature.name)
    return found


@pytest.mark.parametrize("left_out", FEATURES, ids=lambda feature: feature.name)
async def test_a_feature_that_is_left_out_leaves_nothing(left_out: Feature) -> None:
    whole, gone = build_core(WANTED), with_those_that_need(left_out.name)
    house = build_core(WANTED, [feature for feature in FEATURES if feature.name not in gone])
    assert not gone & house.features.keys()
    if left_out.name not in whole.features:  # it brings a command, and nothing to a server
        assert left_out.build is None
        assert gone == {left_out.name}
    running = [whole.features[name] for name in gone & whole.features.keys()]
    own = {f"{endpoint.method} {endpoint.path}" for one in running for endpoint in one.endpoints}
    assert routes(whole) - routes(house) == own
    assert tools(whole) - tools(house) == {tool.signature.name for one in running for tool in one.tools}
    assert bool(series(whole) - series(house)) == any(one.collectors for one in running)
    assert len(whole.archives) - len(house.archives) == sum(len(one.archives) for one in running)
    assert client_events(whole) - client_events(house) == {
        kind for one in running for each in one.realtime for kind in each.readers
    }
    assert len(whole.asking.admitting.tellers) - len(house.asking.admitting.tellers) == sum(
        len(one.tellers) for one in running
    )
    observers = len(whole.asking.recording.observers) - len(house.asking.recording.observers)
    assert observers == sum(len(one.observers) for one in running)
    assert len(whole.visitors) - len(house.visitors) == sum(len(one.visitors) for one in running)
    assert whole.asking.answerers.keys() - house.asking.answerers.keys() == {
        name for one in running for name in one.answerers
    }
    assert len(whole.storage._givers) - len(house.storage._givers) == sum(one.gives_way is not None for one in running)
    assert len(whole.cameras.opening) - len(house.cameras.opening) == ("clips" in gone)
    assert tables(whole) - tables(house) == {table for name in gone for table in TABLES.get(name, ())}


async def test_threads_come_with_their_features(tmp_path: Path) -> None:
    watch = WatchSetting("Is there a door? Answer yes or no.", ("door",))
    kept = {
        "evidence": EvidenceConfig(enabled=True, folder=tmp_path / "evidence"),
        "audit": AuditConfig(enabled=True, folder=tmp_path / "audit"),
        "watching": WatchingConfig(folder=tmp_path / "watching"),
        "watches": {"door": watch},
        "timeline": TimelineConfig(folder=tmp_path / "timeline"),
        "clips": ClipsConfig(folder=tmp_path / "clips"),
    }
    config = replace(WANTED, sections=WANTED.sections | kept)
    assert await threads(build_core(config)) == {name for names in THREADS.values() for name in names}
    for left_out, names in THREADS.items():
        gone = with_those_that_need(left_out)
        house = build_core(config, [feature for feature in FEATURES if feature.name not in gone])
        assert not set(names) & await threads(house)


@pytest.mark.parametrize("plugged_in", [True, False])
async def test_codes_are_read_only_where_desks_are_plugged_in(
    monkeypatch: pytest.MonkeyPatch, plugged_in: bool
) -> None:
    features = [feature for feature in FEATURES if plugged_in or feature is not DESK]
    monkeypatch.setattr(serving, "build_core", lambda config, read: build_core(config, features, read))
    cameras = {"door": CameraEntry("synthetic:1", use=CameraUse(options={"desk": True}))}
    async with serving.serving(Config(server=ServerConfig(port=0), cameras=cameras), model_path()) as running:
        await running.ready()
        assert ("askcam-door-desk" in {thread.name for thread in threading.enumerate()}) == plugged_in


@pytest.mark.parametrize("feature", [feature for feature in FEATURES if feature.commands], ids=lambda one: one.name)
def test_its_commands_are_there(feature: Feature) -> None:
    own = typer.Typer()
    assert feature.commands is not None
    feature.commands(Program(own, "", lambda file, model: Config()))
    names = {command.callback.__name__ for command in own.registered_commands if command.callback}
    names |= {group.name for group in own.registered_groups if group.name}
    assert names
    told = CliRunner().invoke(app, ["--help"]).output
    assert all(f" {name} " in told for name in names)


def test_a_group_of_commands_has_those_of_the_features_that_are_there() -> None:
    def spoken(*names: str) -> list[str | None]:
        program = Program(typer.Typer(), "", lambda file, model: Config())
        for feature in FEATURES:
            if feature.name in names:
                add_commands(feature, program)
        groups = [group.typer_instance for group in program.app.registered_groups]
        return [command.name for group in groups if group for command in group.registered_commands]

    own = ["list", "show", "judge", "add", "change", "remove", "proposals", "confirm", "events"]
    assert spoken("watches", "calibration") == [*own, "calibrate"]
    assert spoken("watches") == own
    assert spoken() == []


def test_stores_are_looked_after_where_there_are_any() -> None:
    told = build_core(WANTED).metrics.render().decode()
    stores = {"watches", "timeline", "evidence", "audit", "clips"}
    assert set(re.findall(r'askcam_storage_lost{store="(\w+)"}', told)) == stores


def test_features_are_built_after_those_that_they_need() -> None:
    first, second = Feature("first", needs=("second",)), Feature("second")
    assert [feature.name for feature in in_order([first, second])] == ["second", "first"]
