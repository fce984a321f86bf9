"""With the built-in model: live and portable answer the same text from the same span of pairs."""

from collections.abc import Callable
from typing import Any

from scene_camera import ask_all

from askcam.engine.door import EngineConfig
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine


def test_the_same_text_from_the_same_span(loaded: Loaded, live: Callable[..., Any]) -> None:
    engine = live(loaded, max_pairs=8, kv_gb=None)
    portable = PortableEngine(loaded, EngineConfig("built-in"))
    try:
        for text, answers in ask_all((engine, portable), num_scenes=12, seed=11):
            first, second = [(one.text, one.usage.completion_tokens, one.usage.prompt_tokens) for one in answers]
            assert first == second, text
    finally:
        portable.close()
