"""The built-in model behind a server says what it says here: the same frames, sent as JPEGs, are the same question."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.scene_camera import ask_all
from support.servers.running import RunningModelServer

from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.loading import Loaded
from askcam.engine.open import open_engine
from askcam.engine.portable import PortableEngine

PAIRS = 4
SCENES = 4


@pytest.fixture(scope="module")
def here(loaded: Loaded, builtin: Path) -> Iterator[Engine]:
    engine = PortableEngine(loaded, EngineConfig(str(builtin), threads=1, max_pairs=PAIRS))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def there() -> Iterator[Engine]:
    with RunningModelServer("vllm", "--builtin") as server:
        engine = open_engine(EngineConfig("", url=server.url, dialect="vllm", max_pairs=PAIRS, first_s=60))
        yield engine
        engine.close()


def test_answers_are_those_of_the_model_run_here(here: Engine, there: Engine) -> None:
    """All but what JPEG may turn over: an edge of a drawing on which the answer hung."""
    answers = [(text, one.text, other.text) for text, _, (one, other) in ask_all([here, there], SCENES, seed=1)]
    same = [one == other for _, one, other in answers]
    assert sum(same) >= len(same) - 1, answers
    assert len({one for _, one, _ in answers}) > len(answers) // 2  # they are about what is shown
