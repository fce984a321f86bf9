"""The built-in model answers in the question's language, and rightly in both; the judge tells when it does not."""

import random
from collections.abc import Iterator

import pytest
from support.bilingual import question
from support.rehearsal import FILL_PAIRS, POLL_S, READY_S, RehearsedCamera, put, user

from askcam.demo.builtin import model_path
from askcam.demo.questions import QuestionKind
from askcam.demo.scene import make_scene
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine

OPENED = 1_700_000_000.0
SEED = 7


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = open_engine(EngineConfig(str(model_path())))
    yield engine
    engine.close()


@pytest.mark.parametrize("kind", QuestionKind)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_kind_of_question_is_answered_in_its_language(engine: Engine, kind: QuestionKind, language: str) -> None:
    asked = question(make_scene(SEED), kind, language, random.Random(1))
    camera = RehearsedCamera(SEED, engine.fit, engine.anchors, OPENED)
    engine.attach(camera)
    try:
        while camera.num_pairs_seen < FILL_PAIRS:
            camera.run_to(camera.now + POLL_S)
        while not asked.english.ready((view := camera.look()).start_wall, view.end_wall):
            assert camera.now < OPENED + READY_S
            camera.run_to(camera.now + POLL_S)
        answer, view = put(engine, camera.name, user(asked.text))
    finally:
        engine.detach(camera.name)
    assert asked.in_its_language(answer), answer
    assert asked.correct(answer, view.start_wall, view.end_wall), answer


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (QuestionKind.DESCRIBE, "我看到一个苹果和一块写着“CAFE”的牌子。"),
        (QuestionKind.DESCRIBE, "我看到一个骰子和一个苹果和一块写着“CAFE”的牌子。"),
        (QuestionKind.READ, "上面写着“BANK”。"),
        (QuestionKind.BACKGROUND, "背景是红色。"),
        (QuestionKind.BACKGROUND, "背景是紫色和红色。"),
    ],
)
def test_a_wrong_answer_is_found_out(kind: QuestionKind, answer: str) -> None:
    asked = question(make_scene(SEED), kind, "zh", random.Random(1))
    assert not asked.correct(answer, OPENED, OPENED + 4)


@pytest.mark.parametrize(
    ("language", "answer", "its_own"),
    [
        ("zh", "上面写着“CAFE”。", True),
        ("zh", "It says CAFE.", False),
        ("zh", "上面 says “CAFE”。", False),
        ("zh", "CAFE", False),
        ("en", 'It says "CAFE".', True),
        ("en", "上面写着“CAFE”。", False),
        ("en", "A冰鞋.", False),
    ],
)
def test_which_language_an_answer_is_in(language: str, answer: str, its_own: bool) -> None:
    asked = question(make_scene(SEED), QuestionKind.READ, language, random.Random(1))
    assert asked.english.scene.sign.text == "CAFE"
    assert asked.in_its_language(answer) is its_own
