from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.watch_hall import Heard, open_hall

from askcam.demo.builtin import model_path
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.features.events.service import EventLog
from askcam.features.watches.service import Watching


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = open_engine(EngineConfig(str(model_path())))
    yield engine
    engine.close()


@pytest.fixture
async def hall(engine: Engine, tmp_path: Path) -> AsyncIterator[tuple[Heard, Watching, EventLog]]:
    """Two synthetic cameras that are watched by nobody yet."""
    async with open_hall(engine, tmp_path) as opened:
        yield opened
