"""A desk that comes while the server runs, with a camera that a front gives to it, and goes with it."""

from types import SimpleNamespace
from typing import Any

import pytest

from askcam.features.desk.config import MAX_PUSHED, OPTION, CatalogueConfig
from askcam.features.desk.desks import Desks
from askcam.features.desk.running import DeskRunning


@pytest.mark.parametrize(("options", "read"), [({OPTION: True}, ["lobby"]), ({OPTION: False}, []), ({}, [])])
async def test_codes_are_read_of_a_camera_that_comes_as_a_desk(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], read: list[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Desks, "open", lambda self, camera: opened.append(camera))
    cameras = SimpleNamespace(use=lambda name: SimpleNamespace(options=options), get=lambda name: name)
    given = SimpleNamespace(sections={"catalogue": CatalogueConfig()}, cameras={}, limits={MAX_PUSHED: 1})
    running = DeskRunning(SimpleNamespace(cameras=cameras), given)  # type: ignore[arg-type]
    await running.camera_came("lobby", {})
    assert opened == read
    await running.camera_left("lobby")
    await running.close()
