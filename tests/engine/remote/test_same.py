"""The built-in model behind a server says what it says here: the same frames, sent as JPEGs, are the same question;
sent as PNGs, the same to the last pixel."""

import contextlib
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.scene_camera import CAMERA, DEADLINE_S, SceneCamera, ask_all
from support.servers.running import RunningModelServer

from askcam.engine.interface import Engine, EngineConfig, Pictures
from askcam.engine.loading import Loaded
from askcam.engine.open import open_engine
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Message, Question, Role, Scored, ScoreEvent, Text

PAIRS = 4
SCENES = 4
QUESTIONS = ("Is there an apple?", "Is anything moving? Answer yes or no.", "Is there a cup?", "Is there a sign?")


@pytest.fixture(scope="module")
def here(loaded: Loaded, builtin: Path) -> Iterator[Engine]:
    engine = PortableEngine(loaded, EngineConfig(str(builtin), threads=1, max_pairs=PAIRS))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def server() -> Iterator[RunningModelServer]:
    with RunningModelServer("vllm", "--builtin") as server:
        yield server


@contextlib.contextmanager
def asking(server: RunningModelServer, pictures: Pictures) -> Iterator[Engine]:
    config = EngineConfig("", url=server.url, dialect="vllm", max_pairs=PAIRS, first_s=60, pictures=pictures)
    engine = open_engine(config)
    try:
        yield engine
    finally:
        engine.close()


def test_answers_are_those_of_the_model_run_here(here: Engine, server: RunningModelServer) -> None:
    """All but what JPEG may turn over: an edge of a drawing on which the answer hung."""
    with asking(server, "jpeg") as there:
        answers = [(text, one.text, other.text) for text, _, (one, other) in ask_all([here, there], SCENES, seed=1)]
    same = [one == other for _, one, other in answers]
    assert sum(same) >= len(same) - 1, answers
    assert len({one for _, one, _ in answers}) > len(answers) // 2  # they are about what is shown


def test_of_pngs_every_word_and_every_probability_is_that_of_the_model_run_here(
    here: Engine, server: RunningModelServer
) -> None:
    with asking(server, "png") as there:
        for text, _, (one, other) in ask_all([here, there], 2, seed=2):
            assert other.text == one.text, text
        camera = SceneCamera(5, here, 100.0)
        for engine in (here, there):
            engine.attach(camera)
        for question in QUESTIONS:
            camera.go_on(2)
            mine, theirs = (chances(engine, question) for engine in (here, there))
            assert theirs == pytest.approx(mine, abs=1e-3), question
        for engine in (here, there):
            engine.detach(CAMERA)


def chances(engine: Engine, question: str) -> tuple[float, ...]:
    """Of yes and no."""
    told: queue.SimpleQueue[ScoreEvent] = queue.SimpleQueue()
    engine.score([Question((Message(Role.USER, (Text(question),)),), CAMERA)], ("Yes", "No"), told.put)
    event = told.get(timeout=DEADLINE_S)
    assert isinstance(event, Scored), event
    return tuple(event.probabilities[0])
