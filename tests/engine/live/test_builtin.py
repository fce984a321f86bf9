"""With the built-in model: live and portable answer the same text from the same span of pairs."""

from collections.abc import Callable
from typing import Any

from support.scene_camera import TEXTS, ask_all

from askcam.demo.questions import QuestionKind, questions
from askcam.engine.interface import EngineConfig
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine

SCENES, SEED = (
    6,
    4524,
)  # every question and every kind of question, on windows of 1 to 23 frames; benchmarks/same.py: many


def test_the_same_text_from_the_same_span(loaded: Loaded, live: Callable[..., Any]) -> None:
    engine = live(loaded, max_pairs=8, kv_gb=None)
    portable = PortableEngine(loaded, EngineConfig("built-in"))
    asked, own = set[str](), {question.text: question.kind for scene in range(SCENES) for question in questions(scene)}
    try:
        for text, _, answers in ask_all((engine, portable), num_scenes=SCENES, seed=SEED):
            first, second = [(one.text, one.usage.completion_tokens, one.usage.prompt_tokens) for one in answers]
            assert first == second, text
            asked.add(text)
    finally:
        portable.close()
    assert asked >= set(TEXTS)
    assert {own[text] for text in asked if text in own} >= set(QuestionKind)
