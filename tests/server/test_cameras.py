"""A camera and the models that see it: who is attached, for how long, and what is told of one that cannot be asked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from askcam.engine.errors import NoRoom
from askcam.engine.interface import ModelInfo, PowerMode, WindowSource
from askcam.server.access.limits import Limits
from askcam.server.cameras import LOW_POWER_GATE, Cameras, CameraUse
from askcam.server.errors import Conflict, Invalid, NotFound, OutOfMemory, Unavailable
from askcam.server.model import Model
from askcam.server.models import Models
from askcam.stream.fit import as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.status import CameraConfig
from askcam.stream.window import Anchors


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
