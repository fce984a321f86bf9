"""Any schema, any model, any chance: an answer that ended by itself is JSON of its form."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.schemas import Schema, schemas

from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import build
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Finished, Form, Message, Question, Reason, Role, Sampling, Text

EXAMPLES = {"live": 200, "portable": 60}  # what holds answers to forms is one and the same Guide
WAYS = st.sampled_from(
    [
        {"temperature": 1.0},
        {"temperature": 2.0},
        {"temperature": 1.5, "top_k": 50, "top_p": 0.9},
        {"temperature": 1.0, "repetition_penalty": 1.3},
        {"temperature": 1.0, "min_tokens": 12},
    ]
)


@pytest.fixture(scope="module", params=["live", "portable"])
def wild(request: pytest.FixtureRequest, tiny: Callable[[str], Loaded]) -> Iterator[Any]:
    """A random model, whose answers are noise."""
    loaded, config = tiny("qwen2_vl"), EngineConfig("tiny", kv_gb=0.05)
    engine = build(loaded, config) if request.param == "live" else PortableEngine(loaded, config)
    yield engine
    engine.close()


def say(engine: Any, heard: Any, form: Form | None, **way: Any) -> Finished:
    sampling = Sampling(max_tokens=80, response_format=form, **way)
    listener = heard()
    engine.ask(Question((Message(Role.USER, (Text("What is this?"),)),), sampling=sampling), listener)
    last = listener.wait()[-1]
    assert isinstance(last, Finished), last
    return last


def test_answers_that_end_by_themselves_are_of_their_form(wild: Any, heard: Any) -> None:
    ended: list[bool] = []

    @settings(max_examples=EXAMPLES[wild.info.backend], deadline=None, suppress_health_check=list(HealthCheck))
    @given(schema=schemas(), way=WAYS, seed=st.integers(0, 2**32))
    def check(schema: Schema, way: dict[str, Any], seed: int) -> None:
        jsonschema.Draft202012Validator.check_schema(schema)
        finished = say(wild, heard, Form(json.dumps(schema)), seed=seed, **way)
        ended.append(finished.reason is Reason.STOP)
        if finished.reason is Reason.STOP:
            jsonschema.Draft202012Validator(schema).validate(json.loads(finished.text))
        else:
            assert finished.usage.completion_tokens == 80

    check()
    assert sum(ended) > len(ended) / 2, "most of these schemas can be met within 80 tokens"


def test_without_a_form_the_same_model_says_no_json(wild: Any, heard: Any) -> None:
    """Else the test above would prove nothing."""
    for seed in range(5):
        with pytest.raises(ValueError, match=r"Expecting|Extra data|Invalid|Unterminated"):
            json.loads(say(wild, heard, None, temperature=1.0, seed=seed).text)
