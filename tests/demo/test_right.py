"""The demo is right: the real model, the real window, questions of seeds that nobody chose."""

from collections.abc import Iterator

import pytest
from support.rehearsal import rehearse

from askcam.demo.builtin import model_path
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = open_engine(EngineConfig(str(model_path()), threads=1))
    yield engine
    engine.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_three_answers_of_a_seed_are_right(engine: Engine, seed: int) -> None:
    asked = list(rehearse(engine, seed, opened=1_700_000_000.0 + 17.3 * seed))
    assert len(asked) == 3
    for one in asked:
        assert one.right, (one.question.text, one.answer, one.truth)
        assert 4 <= one.pairs <= 8
