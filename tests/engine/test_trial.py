"""Schemas that cost more than anybody may cause: each is refused in time, whatever it is that grows, or is cheap."""

import contextlib
import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bombs import BOMBS

from askcam.engine.errors import Cancelled, EngineFailure, QuestionError
from askcam.engine.forms import MAX_KEPT_BYTES, Forms
from askcam.engine.guide import EACH_S, START_S, Guide
from askcam.engine.loading import Loaded
from askcam.engine.question import JSON_OBJECT, Form
from askcam.engine.trial_process import CPU_S, WALL_S

END = 4078  # <|im_end|>, in the built-in model's tokenizer
PLAIN = {"type": "object", "properties": {"color": {"enum": ["red", "green"]}}, "required": ["color"]}


@pytest.fixture(scope="module")
def forms(loaded: Loaded) -> Iterator[Forms]:
    made = Forms(loaded.processor.tokenizer, loaded.model.config.get_text_config().vocab_size, [END])
    made.grammar(JSON_OBJECT)  # its process is there
    yield made
    made.close()


def follow(forms: Forms, form: Form, num_tokens: int, seed: int) -> None:
    """Compile a form and follow an answer of noise along it. Raises QuestionError or EngineFailure, and nothing else.

    Checks what it costs this process in processor time, which other work beside it doesn't change much.
    """
    began = time.process_time()
    try:
        guide = Guide(forms.grammar(form))
        noise = torch.Generator().manual_seed(seed)
        for _ in range(num_tokens):
            scores = torch.randn(1, 4096, generator=noise)
            scores[0, END] = -100.0
            token = int(guide.allow(scores).argmax())
            if token == END:
                break
            guide.took(token)
    finally:
        mine = time.process_time() - began
        assert mine < 2 * CPU_S + START_S + num_tokens * 2 * EACH_S + 2, f"{mine:.1f} s of computing in this process"


@pytest.mark.parametrize("name", BOMBS)
def test_a_schema_that_explodes_is_refused_or_cheap(forms: Forms, name: str) -> None:
    with contextlib.suppress(QuestionError, EngineFailure):
        follow(forms, Form(json.dumps(BOMBS[name])), 300, 1)
    follow(forms, Form(json.dumps(PLAIN)), 20, 1)  # whatever it was, others are served


@pytest.mark.parametrize("name", ["allOf of anyOf", "a large multipleOf"])
def test_what_costs_too_much_is_said_with_what_would_help_and_known_from_then_on(forms: Forms, name: str) -> None:
    form = Form(None, json.dumps(BOMBS[name]))
    with pytest.raises(QuestionError, match="more than 1 s of computing or 128 MB; make it plainer") as told:
        forms.grammar(form)
    assert told.value.param == "tools"
    forms._trial.close()  # type: ignore[union-attr]  # so it can't be tried again
    try:
        with pytest.raises(QuestionError, match="make it plainer"):
            forms.grammar(form)
    finally:
        forms._trial._closed = False  # type: ignore[union-attr]


def part(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    many = st.lists(children, min_size=1, max_size=8)
    again = st.integers(1, 12)
    return st.one_of(
        st.builds(lambda key, ones, n: {key: ones * n}, st.sampled_from(["allOf", "anyOf", "oneOf"]), many, again),
        st.builds(lambda one, n: {"type": "array", "items": one, "minItems": n}, children, st.integers(0, 10**6)),
        st.builds(lambda ones: {"type": "array", "prefixItems": ones}, many),
        st.builds(
            lambda ones: {"type": "object", "properties": {f"p{i}": one for i, one in enumerate(ones)}},
            many,
        ),
        st.builds(lambda one: {"type": "object", "additionalProperties": one}, children),
    )


LEAVES = st.one_of(
    st.builds(lambda n: {"type": "integer", "multipleOf": n}, st.integers(1, 10**8)),
    st.builds(lambda n: {"type": "number", "multipleOf": n / 1e6}, st.integers(1, 10**6)),
    st.builds(
        lambda n, m: {"type": "integer", "minimum": n, "maximum": n + m},
        st.integers(-(10**9), 10**9),
        st.integers(0, 10**12),
    ),
    st.builds(
        lambda n, m: {"type": "string", "minLength": n, "maxLength": n + m},
        st.integers(0, 10**6),
        st.integers(0, 10**9),
    ),
    st.builds(
        lambda a, n, m: {"type": "string", "pattern": f"^({a}{{{n},{n + m}}}|.)*{a}.{{{n}}}$"},
        st.sampled_from(["a", "[a-f]", "(ab|a)", "\\w", "."]),
        st.integers(0, 60),
        st.integers(0, 1000),
    ),
    st.builds(lambda n: {"enum": list(range(n))}, st.integers(1, 2000)),
    st.sampled_from(
        [
            {},
            {"type": "string"},
            {"type": "string", "format": "date-time"},
            {"type": ["integer", "null"]},
            {"$ref": "#"},
        ]
    ),
)


def test_any_schema_is_refused_or_cheap(forms: Forms) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(schema=st.recursive(LEAVES, part, max_leaves=40), seed=st.integers(0, 2**31))
    def check(schema: Any, seed: int) -> None:
        with contextlib.suppress(QuestionError, EngineFailure):
            follow(forms, Form(json.dumps(schema)), 100, seed)

    check()


def test_an_answer_that_costs_too_much_to_hold_to_its_form_is_ended(forms: Forms) -> None:
    guide = Guide(forms.grammar(Form(json.dumps(PLAIN))))
    guide._left_s = -0.001  # as after many dear steps
    guide.allow(torch.zeros(1, 4096))
    with pytest.raises(QuestionError, match="too intricate: to hold the answer to it takes more than 3 ms") as told:
        guide.took(0)
    assert told.value.param == "response_format"


def test_an_answer_whose_steps_are_dear_again_and_again_is_ended(forms: Forms) -> None:
    ticks = itertools.count()
    guide = Guide(forms.grammar(Form(json.dumps(BOMBS["ambiguous"]))), lambda: 0.02 * next(ticks))

    def answer() -> None:
        for _ in range(20):  # 40 ms each
            guide.allow(torch.zeros(1, 4096))
            guide.took(forms_token(guide))

    with pytest.raises(QuestionError, match="too intricate"):
        answer()


def test_steps_that_are_cheap_are_never_held_against_an_answer(forms: Forms) -> None:
    ticks = itertools.count()
    guide = Guide(forms.grammar(Form(json.dumps(BOMBS["ambiguous"]))), lambda: 0.001 * next(ticks))
    for _ in range(200):
        guide.allow(torch.zeros(1, 4096))
    guide.took(forms_token(guide))


def forms_token(guide: Guide) -> int:
    return int(guide.allow(torch.zeros(1, 4096)).argmax())


def test_what_nobody_waits_for_any_more_is_ended(forms: Forms, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    kill = os.kill
    monkeypatch.setattr("os.kill", lambda pid, number: (killed.append(pid), kill(pid, number)))
    gone = threading.Event()
    threading.Timer(0.2, gone.set).start()
    with pytest.raises(Cancelled):
        forms.grammar(Form(json.dumps({"description": "unique", **BOMBS["allOf of anyOf"]})), gone.is_set)
    (pid,) = killed
    deadline = time.monotonic() + WALL_S
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.01)


def test_the_process_is_started_again_when_it_is_gone(forms: Forms) -> None:
    assert forms._trial is not None
    process = forms._trial._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    follow(forms, Form(json.dumps({"const": "after"})), 5, 1)
    assert forms._trial._process is not process


def test_large_forms_are_kept_up_to_a_bound_of_memory(forms: Forms) -> None:
    kept = forms._kept.copy()
    for i in range(4):
        grammar = forms.grammar(Form(json.dumps({"const": f"large {i}"})))
        grammar.num_bytes = MAX_KEPT_BYTES // 3
        forms._bytes = sum(each.num_bytes for each in forms._kept.values())
    forms.grammar(Form(json.dumps({"const": "one more"})))
    assert sum(each.num_bytes for each in forms._kept.values()) == forms._bytes <= MAX_KEPT_BYTES
    assert not kept.keys() & forms._kept.keys()  # the oldest went first


def test_it_ends_with_its_engine(loaded: Loaded) -> None:
    forms = Forms(loaded.processor.tokenizer, 4096, [END])
    forms.grammar(JSON_OBJECT)
    assert forms._trial is not None
    assert forms._trial._process is not None
    pid = forms._trial._process.pid
    forms.close()
    assert not os.path.exists(f"/proc/{pid}")
    with pytest.raises(EngineFailure, match="the engine is closed"):
        forms.grammar(Form('{"const": 1}'))
