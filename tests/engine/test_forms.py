"""Answers of a wanted form, through the door: the same on both backends, whatever else the question asks for."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
import torch
from support.stock_logprobs import check_logprobs

from askcam.engine.choosing import generation_config, seeded
from askcam.engine.errors import QuestionError
from askcam.engine.guide import Guide, Guided
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import build
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.prompt import Prompter
from askcam.engine.question import JSON_OBJECT, Finished, Form, Message, Question, Reason, Role, Sampling, Text

SCHEMA = {
    "type": "object",
    "properties": {
        "color": {"enum": ["red", "green", "blue"]},
        "things": {"type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 3},
        "count": {"type": "integer", "minimum": 0, "maximum": 99},
    },
    "required": ["color", "things", "count"],
    "additionalProperties": False,
}
FORM = Form(json.dumps(SCHEMA))
ENDS = 4078  # <|im_end|>, in the built-in model's tokenizer


def asking(form: Form | None = FORM, **sampling: Any) -> Question:
    way = Sampling(**{"max_tokens": 120, "response_format": form, **sampling})
    return Question((Message(Role.USER, (Text("What do you see?"),)),), sampling=way)


def valid(finished: Finished) -> Any:
    assert finished.reason is Reason.STOP
    value = json.loads(finished.text)
    jsonschema.validate(value, SCHEMA)
    return value


@pytest.fixture(scope="module")
def pair(tiny: Callable[[str], Loaded]) -> Iterator[Callable[[str], tuple[Any, Any]]]:
    """pair("qwen3_vl"): both backends over one random model."""
    made: dict[str, tuple[Any, Any]] = {}

    def get(kind: str) -> tuple[Any, Any]:
        if kind not in made:
            loaded, config = tiny(kind), EngineConfig("tiny", kv_gb=0.05)
            made[kind] = build(loaded, config), PortableEngine(loaded, config)
        return made[kind]

    yield get
    for engine in [engine for both in made.values() for engine in both]:
        engine.close()


@pytest.mark.parametrize(
    "way",
    [
        {"temperature": 0},
        {"temperature": 0, "repetition_penalty": 5.0},
        {"temperature": 0, "min_tokens": 100},
        {"temperature": 2.0, "seed": 3, "top_p": 0.9},
        {"temperature": 2.0, "seed": 4, "top_k": 3, "min_tokens": 110},
    ],
    ids=str,
)
def test_whatever_the_sampling_is_the_form_is_kept(engine: Any, answer: Any, way: dict[str, Any]) -> None:
    valid(answer(engine, asking(**way)))


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
@pytest.mark.parametrize(
    "way", [{"temperature": 0}, {"temperature": 1.5, "seed": 5}, {"temperature": 0, "min_tokens": 60}], ids=str
)
def test_both_backends_choose_the_same_tokens(
    pair: Callable[[str], tuple[Any, Any]], answer: Any, kind: str, way: dict[str, Any]
) -> None:
    found = [answer(engine, asking(logprobs=0, **way)) for engine in pair(kind)]
    live, portable = ([one.token for one in finished.logprobs] for finished in found)
    assert live == portable
    assert len(live) > 5
    valid(found[0])


def test_the_same_seed_gives_the_same_answer_and_another_one_another(engine: Any, answer: Any) -> None:
    said = [answer(engine, asking(temperature=2.0, seed=seed)).text for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2]


def test_an_answer_that_max_tokens_cuts_off_is_the_beginning_of_its_form(engine: Any, answer: Any) -> None:
    whole, cut = (answer(engine, asking(temperature=0, max_tokens=num)) for num in (120, 6))
    assert cut.reason is Reason.LENGTH
    assert cut.usage.completion_tokens == 6
    assert whole.text.startswith(cut.text)
    assert cut.text.startswith("{")
    with pytest.raises(ValueError, match="line 1"):
        json.loads(cut.text)


def test_a_stop_string_still_ends_an_answer(engine: Any, answer: Any) -> None:
    cut = answer(engine, asking(temperature=0, stop=('"things"',)))
    assert cut.reason is Reason.STOP
    assert cut.text.startswith('{"color"')
    assert '"things"' not in cut.text


def test_any_object_is_an_object(engine: Any, answer: Any) -> None:
    for seed in range(5):
        finished = answer(engine, asking(JSON_OBJECT, temperature=1.0, seed=seed))
        assert finished.text.startswith("{")
        if finished.reason is Reason.STOP:
            assert isinstance(json.loads(finished.text), dict)


def test_logprobs_are_those_of_the_logits_before_the_form_has_its_say(engine: Any, loaded: Loaded, heard: Any) -> None:
    question = asking(temperature=0, logprobs=3)
    listener = heard()
    engine.ask(question, listener)
    events = listener.wait()  # and the model is free
    prompt = Prompter(loaded.processor, loaded.spec, "trained", 16).prompt(question, None)
    guide = Guide(engine._forms.grammar(FORM))

    class Following(Guided):
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            if input_ids.shape[1] > prompt.num_tokens:
                guide.took(int(input_ids[0, -1]))
            return super().__call__(input_ids, scores)

    with torch.no_grad(), seeded(None, torch.device("cpu")):
        found = loaded.model.generate(
            **prompt.inputs,
            generation_config=generation_config(loaded.model.generation_config, question.sampling, 1000),
            logits_processor=[Following(guide)],
            output_logits=True,
            return_dict_in_generate=True,
        )
    tokens = found.sequences[0, prompt.num_tokens :].tolist()
    finished = check_logprobs(
        events, tokens, torch.stack(found.logits)[:, 0], most=3, tokenizer=loaded.processor.tokenizer
    )
    assert any(one.token not in [other.token for other in one.top] for one in finished.logprobs)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{", "is not JSON"),
        ('{"type": "array", "uniqueItems": true}', "'uniqueItems' at #"),
        ('{"type": "strin"}', "Invalid type"),
        ('{"enum": []}', "Unsatisfiable"),
        ('{"type": "integer", "minimum": 3, "maximum": 2}', "Unsatisfiable"),
        ('{"type": "string", "pattern": "(?=a)b"}', "look-around"),
        ('{"type": "string", "format": "idn-email"}', "Unknown format"),
        ('{"oneOf": [{"type": "integer"}, {"type": "number"}]}', "oneOf"),
        ('{"type": "object", "patternProperties": {"^a": {}, "b$": {"type": "null"}}}', "not disjoint"),
    ],
)
def test_a_schema_that_cannot_be_kept_is_refused_at_once(engine: Any, schema: str, words: str) -> None:
    asked = engine.stats().asked
    for way in (lambda: engine.prepare(Form(schema)), lambda: engine.ask(asking(Form(schema)), print)):
        with pytest.raises(QuestionError, match=words) as caught:
            way()
        assert caught.value.param == "response_format"
        assert "\n" not in str(caught.value)
    assert engine.stats().asked == asked


def test_constrained_and_free_answers_in_one_batch_do_not_disturb_each_other(
    pair: Callable[[str], tuple[Any, Any]], answer: Any, heard: Any, gate: Any
) -> None:
    engine, _ = pair("qwen2_vl")
    other = Form(json.dumps({"type": "array", "items": {"type": "boolean"}, "minItems": 4, "maxItems": 8}))
    ways = [{"temperature": 0}, {"temperature": 1.5, "seed": 1}, {"temperature": 0, "repetition_penalty": 1.3}]
    questions = [asking(form, **way) for way in ways for form in (FORM, None, other)]
    alone = [answer(engine, question) for question in questions]
    listeners = [heard() for _ in questions]
    first = gate(engine, questions[0], listeners[0])
    for question, listener in zip(questions[1:], listeners[1:], strict=True):
        engine.ask(question, listener)
    first.open()
    together = [listener.wait()[-1] for listener in listeners]
    assert [(one.text, one.usage.completion_tokens) for one in together] == [
        (one.text, one.usage.completion_tokens) for one in alone
    ]
    for question, finished in zip(questions, together, strict=True):
        if question.sampling.response_format is FORM:
            valid(finished)


def test_an_answer_that_cannot_be_followed_fails_alone(
    pair: Callable[[str], tuple[Any, Any]], heard: Any, gate: Any
) -> None:
    """A random model is given a token that its form forbids: the answers beside it go on."""
    for engine in pair("qwen2_vl"):
        listeners = [heard(), heard()]
        grammar = engine._forms.grammar(FORM)
        begin, broken = grammar.begin, threading.Event()

        def sabotaged(begin: Any = begin, broken: threading.Event = broken) -> Any:
            matcher = begin()
            if not broken.is_set():
                broken.set()
                matcher.consume_token(ENDS)  # an answer cannot begin with its end
            return matcher

        grammar.begin = sabotaged
        try:
            held = gate(engine, asking(temperature=0), listeners[0])
            engine.ask(asking(temperature=0), listeners[1])
            held.open()
            failed, fine = (listener.wait()[-1] for listener in listeners)
        finally:
            grammar.begin = begin
        assert "could not be held to its form" in str(failed.error)
        valid(fine)
