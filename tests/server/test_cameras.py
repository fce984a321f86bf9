"""A camera and the models that see it: who is attached, for how long, and what is told of one that cannot be asked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from askcam.engine.errors import NoRoom
from askcam.engine.interface import LiveSource, ModelInfo, PacedSource, PowerMode, WindowSource
from askcam.engine.power import LOW_POWER_GATE
from askcam.server.access.limits import Limits
from askcam.server.camera_use import CameraUse
from askcam.server.cameras import Cameras
from askcam.server.errors import Conflict, Invalid, NotFound, OutOfMemory, Unavailable
from askcam.server.model import Model
from askcam.server.models import Models
from askcam.stream.fit import as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.status import CameraConfig
from askcam.stream.window import Anchors
from askcam.stream.zones import Zone


@dataclass
class RecordingEngine:
    """As much of an Engine as cameras need; who is attached to it, in order."""

    low: bool = False
    room: int = 4
    attached: dict[str, WindowSource] = field(default_factory=dict)
    anchors: Anchors = field(default_factory=Anchors)

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("x", "qwen2_vl", "live", "cpu", "float32", 1, 8, 4096, power=PowerMode(low=self.low))

    def fit(self, width: int, height: int) -> Any:
        return as_is(width, height)

    def attach(self, source: WindowSource) -> None:
        if len(self.attached) >= self.room:
            raise NoRoom("no room for one more camera")
        assert source.name not in self.attached
        self.attached[source.name] = source

    def detach(self, name: str) -> None:
        del self.attached[name]

    def paces(self) -> dict[str, Any]:
        return {}

    def trouble(self) -> None:
        return None

    def close(self) -> None:
        assert not self.attached, "cameras go before models"


def model(called: str, engine: RecordingEngine | None) -> Model:
    made = Model(called, called)
    if engine is not None:
        made.ready(engine)  # type: ignore[arg-type]
    return made


@pytest.fixture
def here() -> RecordingEngine:
    return RecordingEngine(low=True)


@pytest.fixture
def there() -> RecordingEngine:
    return RecordingEngine()


@pytest.fixture
async def cameras(here: RecordingEngine, there: RecordingEngine) -> AsyncIterator[Cameras]:
    models = Models(model("askcam", here), model("far", there), model("absent", None))
    models.get("absent").away("nothing answers there")
    cameras = Cameras(models, Limits(), resolve)
    yield cameras
    await cameras.close()
    await models.close()


async def test_a_camera_is_attached_to_its_own_model_alone(
    cameras: Cameras, here: RecordingEngine, there: RecordingEngine
) -> None:
    cameras.add("lobby", "synthetic:7")
    cameras.add("yard", "synthetic:8", use=CameraUse(model="far"))
    assert ([*here.attached], [*there.attached]) == (["lobby"], ["yard"])
    assert (cameras.info("yard").model, cameras.seen_by("yard")) == ("far", ["far"])
    await cameras.remove("yard")
    assert ([*here.attached], [*there.attached]) == (["lobby"], [])


async def test_another_model_sees_it_once_for_as_long_as_it_is_shown(
    cameras: Cameras, here: RecordingEngine, there: RecordingEngine
) -> None:
    cameras.add("lobby", "synthetic:7")
    far, own = cameras.models.get("far"), cameras.models.usual
    for each in (far, far, own):  # its own sees it anyway
        cameras.show("lobby", each)
    assert cameras.seen_by("lobby") == ["askcam", "far"]
    assert there.attached["lobby"] is not here.attached["lobby"]
    for each in (far, far, own):
        cameras.hide("lobby", each)
    assert ([*here.attached], [*there.attached]) == (["lobby"], [])
    cameras.show("lobby", far)
    await cameras.remove("lobby")
    assert ([*here.attached], [*there.attached]) == ([], [])
    cameras.hide("lobby", far)  # a watch may go after its camera
    with pytest.raises(NotFound):
        cameras.show("lobby", far)


async def test_what_low_power_leaves_out_is_left_out_for_that_model_alone(
    cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = cameras.add("lobby", "synthetic:7")
    assert camera.config.motion_gate == LOW_POWER_GATE
    gates: list[float | None] = []
    made = camera.window_for

    def window_for(fit: Any, anchors: Anchors, motion_gate: float | None = None) -> Any:
        gates.append(motion_gate)
        return made(fit, anchors, motion_gate)

    monkeypatch.setattr(camera, "window_for", window_for)
    cameras.show("lobby", cameras.models.get("far"))
    own = cameras.add("yard", "synthetic:8", CameraConfig(motion_gate=3.0))
    assert (gates, own.config.motion_gate) == ([None], 3.0)


async def test_a_model_without_room_sees_nothing_and_leaves_nothing_behind(
    cameras: Cameras, there: RecordingEngine
) -> None:
    there.room = 0
    cameras.add("lobby", "synthetic:7")
    with pytest.raises(OutOfMemory, match="no room"):
        cameras.show("lobby", cameras.models.get("far"))
    with pytest.raises(OutOfMemory, match="no room"):
        cameras.add("yard", "synthetic:8", use=CameraUse(model="far"))
    assert cameras.names() == ["lobby"]
    assert cameras.seen_by("lobby") == ["askcam"]
    there.room = 1
    cameras.show("lobby", cameras.models.get("far"))
    assert cameras.seen_by("lobby") == ["askcam", "far"]


async def test_which_model_is_asked_is_the_cameras_to_say_or_the_requests(cameras: Cameras) -> None:
    cameras.add("lobby", "synthetic:7")
    assert cameras.asked_of("lobby", None) is cameras.asked_of(None, None) is cameras.models.usual
    assert cameras.asked_of(None, "far").called == "far"
    with pytest.raises(Invalid, match=r"'far' does not see 'lobby', which is seen by: askcam; .*\[cameras.lobby\]"):
        cameras.asked_of("lobby", "far")
    cameras.show("lobby", cameras.models.get("far"))
    assert cameras.asked_of("lobby", "far").called == "far"
    for name in ("lobby", None):
        with pytest.raises(NotFound, match="models here: askcam, far, absent") as caught:
            cameras.asked_of(name, "nobody")
        assert caught.value.param == "askcam.model"


async def test_what_waits_for_a_model_is_told_what_that_waits_for(cameras: Cameras) -> None:
    cameras.announced = {"yard": "absent"}
    assert cameras.models.loaded  # what is away keeps nobody waiting ...
    with pytest.raises(NotFound):
        cameras.get("nowhere")
    with pytest.raises(Unavailable, match="nothing answers there") as caught:
        cameras.get("yard")  # ... but who asks for it
    assert caught.value.code == "model_unreachable"
    for name in ("yard", "far"):
        with pytest.raises(Conflict):
            cameras.add(name, "synthetic:7")
    cameras.add("lobby", "synthetic:7")
    with pytest.raises(Unavailable):
        cameras.show("lobby", cameras.models.get("absent"))
    assert cameras.seen_by("lobby") == ["askcam"]


def test_while_a_model_is_loaded_no_camera_is_said_not_to_be_there(here: RecordingEngine) -> None:
    late = model("late", None)
    cameras = Cameras(Models(model("askcam", here), late), Limits(), resolve)
    late.readiness.set("loading weights", 0.5)
    with pytest.raises(Unavailable, match="'late' is not ready yet: loading weights") as caught:
        cameras.get("nowhere")
    assert caught.value.code == "model_loading"
    assert not cameras.models.loaded
    assert cameras.models.readiness is late.readiness


SQUARE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
ZONED = CameraConfig(zones={name: Zone(SQUARE) for name in ("door", "desk", "shelf", "gate", "wall", "sill")})


async def test_a_model_knows_of_a_zone_while_it_is_watched_and_reads_it_ahead(
    cameras: Cameras, here: RecordingEngine
) -> None:
    camera, usual = cameras.add("lobby", "synthetic:7", ZONED), cameras.models.usual
    assert [*here.attached] == ["lobby"], "zones that nobody looks at cost the model nothing"
    for _ in range(2):
        cameras.show("lobby", usual, "door")
    assert isinstance(here.attached["lobby/door"], PacedSource)
    cameras.hide("lobby", usual, "door")
    cameras.hide("lobby", usual, "door")
    assert [*here.attached] == ["lobby"]
    cameras.show("lobby", usual, "door")
    await cameras.remove("lobby")
    assert here.attached == {}
    assert len(camera._windows) == 1, "its own"


async def test_a_zone_that_is_asked_about_is_read_when_it_is_asked_about_and_kept_for_a_while(
    cameras: Cameras, here: RecordingEngine
) -> None:
    camera, usual = cameras.add("lobby", "synthetic:7", ZONED), cameras.models.usual
    here.room = 10
    with cameras.looked_at("lobby", None, usual) as window:
        assert window is camera.own_window
    with cameras.looked_at("lobby", "door", usual) as window, cameras.looked_at("lobby", "door", usual) as same:
        assert window is same
        assert window.name == "lobby/door"
        assert not isinstance(here.attached["lobby/door"], LiveSource)
        cameras.show("lobby", usual, "door")  # the question's own stays until it is answered
        assert not isinstance(here.attached["lobby/door"], LiveSource)
    cameras.show("lobby", usual, "door")
    assert isinstance(here.attached["lobby/door"], LiveSource)
    cameras.hide("lobby", usual, "door")
    for zone in ("desk", "shelf", "gate", "wall", "sill"):
        with cameras.looked_at("lobby", zone, usual):
            pass
    assert [*here.attached] == ["lobby", *(f"lobby/{zone}" for zone in ("shelf", "gate", "wall", "sill"))]


async def test_what_is_kept_of_a_zone_is_let_go_when_nobody_has_asked_for_long(
    cameras: Cameras, here: RecordingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras.add("lobby", "synthetic:7", ZONED)
    later: list[tuple[float, Any]] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", lambda seconds, do: later.append((seconds, do)))
    with cameras.looked_at("lobby", "door", cameras.models.usual):
        pass
    (seconds, do), now = later[0], loop.time()
    assert "lobby/door" in here.attached
    monkeypatch.setattr(loop, "time", lambda: now + seconds)
    do()
    assert [*here.attached] == ["lobby"]


async def test_a_full_model_lets_go_of_zones_that_nobody_asks_about_first(
    cameras: Cameras, here: RecordingEngine
) -> None:
    cameras.add("lobby", "synthetic:7", ZONED)
    usual = cameras.models.usual
    here.room = 2
    with cameras.looked_at("lobby", "door", usual):
        with pytest.raises(OutOfMemory, match="no room"), cameras.looked_at("lobby", "desk", usual):
            pass
        with pytest.raises(OutOfMemory, match="no room"):
            cameras.add("yard", "synthetic:8")
    with cameras.looked_at("lobby", "desk", usual):
        assert [*here.attached] == ["lobby", "lobby/desk"]
    cameras.add("yard", "synthetic:8")
    assert [*here.attached] == ["lobby", "yard"]
    with pytest.raises(OutOfMemory, match="no room"):
        cameras.show("lobby", usual, "door")
    cameras.hide("lobby", usual, "door")


async def test_an_unknown_zone_is_told_with_those_that_there_are(cameras: Cameras) -> None:
    cameras.add("lobby", "synthetic:7", CameraConfig(zones={"door": Zone(SQUARE), "desk": Zone(SQUARE)}))
    cameras.add("yard", "synthetic:8")
    cameras.check_zone("lobby", None)
    cameras.check_zone("lobby", "desk")
    with pytest.raises(NotFound, match="the camera 'lobby' has no zone 'dor'; its zones: door, desk") as caught:
        cameras.check_zone("lobby", "dor")
    assert (caught.value.code, caught.value.param) == ("zone_not_found", "askcam.zone")
    with pytest.raises(NotFound, match=r"it has none: \[cameras.yard.zones.NAME\] makes one"):
        cameras.check_zone("yard", "door")
    with pytest.raises(NotFound, match="no camera"):
        cameras.check_zone("nowhere", "door")


async def test_masks_and_zones_are_changed_for_all_models_that_see_a_camera(
    cameras: Cameras, here: RecordingEngine, there: RecordingEngine
) -> None:
    camera = cameras.add("lobby", "synthetic:7", ZONED)
    usual, far = cameras.models.usual, cameras.models.get("far")
    cameras.show("lobby", far)
    cameras.show("lobby", usual, "door")
    cameras.show("lobby", far, "door")
    assert "lobby/door" in there.attached
    cameras.change("lobby", (SQUARE,), None)
    info = cameras.info("lobby")
    assert (info.masked, info.masks, len(info.zones)) == (True, [list(SQUARE)], 6)
    assert "lobby/door" in here.attached, "masks alone leave zones as they are"
    cameras.change("lobby", None, {"sill": Zone(SQUARE)})
    assert (bool(camera.masks), [*cameras.info("lobby").zones]) == (True, ["sill"])
    assert [*here.attached] == [*there.attached] == ["lobby"]
    with pytest.raises(NotFound):
        cameras.show("lobby", usual, "door")
    with pytest.raises(ValueError, match="masks: polygon 1 has 2 points"):
        cameras.change("lobby", (SQUARE[:2],), {})
    assert [*cameras.info("lobby").zones] == ["sill"], "what is refused changes nothing"
    cameras.change("lobby", (), None)
    assert not bool(camera.masks)
