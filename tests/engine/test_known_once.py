"""Whether the model knows what is seen is judged once for all questions about one moment, and anew for another."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from askcam.engine.domain import Domain
from askcam.engine.errors import UnknownScene
from askcam.engine.interface import EngineConfig
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Message, Question, Role, Text
from askcam.stream.frame import Pixels
from askcam.stream.window import View


def test_one_moment_is_judged_once(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, view_of: Callable[..., View]
) -> None:
    judged: list[int] = []
    verdict = True

    def holds(self: Domain, pictures: list[Pixels]) -> bool:
        judged.append(len(pictures))
        return verdict

    monkeypatch.setattr(Domain, "holds", holds)
    engine = PortableEngine(replace(loaded, domain=Domain(0.0, ())), EngineConfig("tiny"))
    try:
        question = Question((Message(Role.USER, (Text("?"),)),), "lobby", known_only=True)
        now, later = view_of(64, 64, 4), view_of(64, 64, 6)
        for _ in range(3):
            engine.check_known(question, now)
        assert len(judged) == 1
        verdict = False
        with pytest.raises(UnknownScene):
            engine.check_known(question, later)
        with pytest.raises(UnknownScene):  # the verdict stays with what was judged
            engine.check_known(question, later)
        assert len(judged) == 2
    finally:
        engine.close()
