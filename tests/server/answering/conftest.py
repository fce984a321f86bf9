"""The built-in model behind the way of a question."""

import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest
from support.asking_way import Way

from askcam.demo.builtin import model_path
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.server.access.limits import Limits
from askcam.server.cameras import Cameras
from askcam.server.model import Model
from askcam.server.models import Models
from askcam.stream.sources.registry import resolve


@pytest.fixture(scope="package")
def engine() -> Iterator[Engine]:
    with contextlib.closing(open_engine(EngineConfig(str(model_path()), threads=1))) as engine:
        yield engine


@pytest.fixture
async def way(engine: Engine) -> AsyncIterator[Way]:
    model = Model("built-in")
    model.ready(engine)
    cameras = Cameras(Models(model), Limits(), resolve)
    yield Way(model, cameras)
    await cameras.close()
