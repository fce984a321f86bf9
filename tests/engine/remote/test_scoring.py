"""How likely each choice is: exactly, as far as the likeliest tokens tell, or not at all."""

import math
import queue
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.servers.running import RunningModelServer

from askcam.engine.errors import EngineFailure, QuestionError
from askcam.engine.interface import Engine
from askcam.engine.question import Failed, Finished, Question, Scored, ScoreEvent
from askcam.engine.remote import scoring
from askcam.engine.remote.dialects import DIALECTS

Opened = Callable[..., Engine]
Asked = Callable[..., Question]


def scored(engine: Engine, questions: Sequence[Question], choices: Sequence[str]) -> Scored | Failed | Finished:
    told: queue.SimpleQueue[ScoreEvent] = queue.SimpleQueue()
    engine.score(questions, choices, told.put)
    return told.get(timeout=60)


def brightness(engine: Engine, camera: Any) -> float:
    """By which the server says how likely Yes is."""
    return float(camera.look().newest.pixels.mean()) / 255


@pytest.mark.parametrize("server", ["vllm", "ollama"])
def test_choices_are_as_likely_as_the_server_holds_them(
    server: str, request: pytest.FixtureRequest, opened: Opened, asked: Asked, colour_camera: Any
) -> None:
    running = request.getfixturevalue(server)
    engine = opened(running)
    camera = colour_camera(engine)
    engine.attach(camera)
    running.goes_wrong()
    questions = [asked(f"Is there a cup? {number}") for number in range(5)]
    event = scored(engine, questions, ["Yes", "No", "yes"])
    assert isinstance(event, Scored), event
    yes = 0.9 * brightness(engine, camera)
    for row, view in zip(event.probabilities, event.views, strict=True):
        assert row[0] == pytest.approx(yes, abs=0.01)  # but for JPEG
        assert row[1] == pytest.approx(0.9 - yes, abs=0.01)
        assert row[2] == (pytest.approx(1e-6) if server == "vllm" else 0.0)  # not among the likeliest
        assert view is event.views[0]  # one moment
    sent = running.seen()["requests"]
    assert len(sent) == 5
    one = scored(engine, questions[:1], ["Yes", "No", "yes"])
    assert isinstance(one, Scored), one
    assert event.usage.prompt_tokens == 5 * one.usage.prompt_tokens > 0
    assert all(one["max_tokens"] == 1 and "stream" not in one for one in sent)


def test_one_request_holds_as_many_tokens_as_are_taken_and_the_next_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "MOST_IDS", 3)
    vllm, wanted = DIALECTS["vllm"], {f"w{number}": number for number in range(7)}
    sent = list(scoring.bodies({"model": "m"}, wanted, vllm))
    assert [one["logprob_token_ids"] for one in sent] == [[0, 1, 2], [3, 4, 5], [6]]

    def reply(ids: list[int]) -> dict[str, Any]:
        top = [{"token": f"token_id:{one}", "logprob": math.log(0.01 * (one + 1))} for one in ids]
        return {"choices": [{"logprobs": {"content": [{"token": "x", "top_logprobs": top}]}}]}

    replies = [reply(one["logprob_token_ids"]) for one in sent]
    assert scoring.probabilities(replies, wanted, vllm) == pytest.approx([0.01 * (one + 1) for one in range(7)])
    with pytest.raises(EngineFailure, match="'w6'"):
        scoring.probabilities(replies[:2], wanted, vllm)
    with pytest.raises(EngineFailure, match="no logprobs"):
        scoring.probabilities([{"choices": [{}]}], wanted, vllm)


def test_words_are_one_token_or_not_as_the_server_says(vllm: RunningModelServer, opened: Opened, asked: Asked) -> None:
    engine = opened(vllm)
    assert engine.single(["Yes", "twelve", "7", "No"]) == ("Yes", "7", "No")
    event = scored(engine, [asked(camera=None)], ["Yes", "twelve"])
    assert isinstance(event, Failed)
    assert isinstance(event.error, QuestionError)
    assert "twelve" in str(event.error)


def test_without_a_tokenizer_only_yes_and_no_can_be_scored(
    ollama: RunningModelServer, opened: Opened, builtin: Path
) -> None:
    engine = opened(ollama)
    assert engine.single(["Yes", "YES"]) == ("Yes", "YES")
    for words in (["red", "green"], [str(number) for number in range(100)]):
        with pytest.raises(QuestionError, match="tokenizer"):
            engine.single(words)
    with_one = opened(ollama, tokenizer=str(builtin))
    assert with_one.single(["Yes", "an unlikely sentence", "red"]) == ("Yes", "red")


def test_a_server_that_tells_no_logprobs_is_named(
    transformers: RunningModelServer, opened: Opened, asked: Asked
) -> None:
    engine = opened(transformers)
    for refuse in (lambda: engine.single(["Yes"]), lambda: scored(engine, [asked(camera=None)], ["Yes"])):
        with pytest.raises(QuestionError, match="transformers serve"):
            refuse()


def test_a_scoring_fails_as_a_question_does(
    vllm: RunningModelServer, opened: Opened, asked: Asked, colour_camera: Any
) -> None:
    engine = opened(vllm)
    engine.attach(colour_camera(engine))
    with pytest.raises(QuestionError, match="one and the same camera"):
        engine.score([asked(), asked(camera=None)], ["Yes"], lambda event: None)
    vllm.goes_wrong("broken")
    event = scored(engine, [asked(), asked()], ["Yes", "No"])
    assert isinstance(event, Failed)
    assert isinstance(event.error, EngineFailure)
    vllm.goes_wrong("ignores_logprobs")
    event = scored(engine, [asked()], ["Yes", "No"])
    assert isinstance(event, Failed)
    engine.detach("lobby")
    with pytest.raises(QuestionError, match="no camera"):
        scored(engine, [asked()], ["Yes"])
