"""Many questions about one view in one pass: the probabilities that one pass each would give."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from askcam.engine.errors import QuestionError
from askcam.engine.interface import EngineConfig
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Failed, Message, Question, Role, Scored, Text

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")


def about_lobby(text: str) -> Question:
    return Question((Message(Role.USER, (Text(text),)),), "lobby")


def score(engine: Any, questions: list[Question], choices: list[str], heard: Any) -> Scored:
    listener = heard()
    engine.score(questions, choices, listener)
    event = listener.next()
    assert isinstance(event, Scored), event
    return event


@pytest.mark.parametrize("kind", FAMILIES)
def test_one_pass_equals_stock_passes(
    kind: str, live: Callable[..., Any], stream_of: Any, oracle: Any, sharp: Any, heard: Any
) -> None:
    engine, loaded = live(kind, max_pairs=8), sharp(kind)
    stream_of(engine).push(7)
    questions = [about_lobby(text) for text in ("Is it on?", "Is anybody at the door now?", "Dark?")]
    found = score(engine, questions, ["Yes", "No"], heard)
    (view,) = set(found.views)
    assert view is not None
    tokens = [loaded.processor.tokenizer(word)["input_ids"][0] for word in ("Yes", "No")]
    for question, got in zip(questions, found.probabilities, strict=True):
        want = oracle(loaded).first(question, view)[tokens]
        assert (torch.tensor(got).log() - want).abs().max() < 5e-3
    each = [score(engine, [question], ["Yes", "No"], heard) for question in questions]
    alone = [one.probabilities[0] for one in each]
    assert (torch.tensor(alone) - torch.tensor(found.probabilities)).abs().max() < 1e-5
    assert found.usage.prompt_tokens == sum(one.usage.prompt_tokens for one in each)
    assert each[0].usage.prompt_tokens > each[0].usage.vision_tokens > 0
    assert found.usage.completion_tokens == 0  # nothing is said
    assert len(set(found.probabilities)) == 3


def test_more_questions_than_one_pass_takes(live: Callable[..., Any], stream_of: Any, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(6)
    questions = [about_lobby(f"Is number {i} on?") for i in range(40)]
    found = score(engine, questions, ["Yes", "No"], heard)
    alone = score(engine, questions[30:31], ["Yes", "No"], heard)
    assert len(found.probabilities) == 40
    assert torch.allclose(torch.tensor(found.probabilities[30]), torch.tensor(alone.probabilities[0]), atol=1e-6)


def test_few_questions_see_the_newest_frame_and_many_the_complete_pairs(
    live: Callable[..., Any], stream_of: Any, heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(5)
    few, many = (score(engine, [about_lobby(f"Is {i} on?") for i in range(n)], ["Yes"], heard).views[0] for n in (3, 4))
    assert few is not None
    assert many is not None
    assert (few.provisional, len(few.pairs)) == (True, 3)
    assert (many.provisional, many.pairs) == (False, few.pairs[:2])
    young = [replace(about_lobby(f"Is {i} on?"), max_age_s=1e9) for i in range(4)]
    assert score(engine, young, ["Yes"], heard).views[0] == few  # its age was asked for


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("num_frames", [3, 13, 22])
def test_each_question_sees_as_much_of_the_window_as_it_wants(
    kind: str, num_frames: int, live: Callable[..., Any], stream_of: Any, oracle: Any, sharp: Any, heard: Any
) -> None:
    engine, loaded = live(kind, max_pairs=8), sharp(kind)
    stream = stream_of(engine)
    stream.push(num_frames)
    questions = [replace(about_lobby("Is it on?"), window_s=seconds) for seconds in (None, 0.0, 2.0, 4.0, 60.0)]
    found = score(engine, questions, ["Yes", "No"], heard)
    whole = stream.peek()
    tokens = [loaded.processor.tokenizer(word)["input_ids"][0] for word in ("Yes", "No")]
    for question, seen, got in zip(questions, found.views, found.probabilities, strict=True):
        assert seen == (whole if question.window_s is None else whole.recent(question.window_s, engine.anchors.hop))
        want = oracle(loaded).first(question, seen)[tokens]  # logarithms: each is as small as one word of very many
        assert (torch.tensor(got).log() - want).abs().max() < 5e-3
    assert len({view.start_wall for view in found.views}) == min(2, -(-len(whole.pairs) // engine.anchors.hop))


def test_both_backends_score_alike(
    live: Callable[..., Any], stream_of: Any, loaded: Any, heard: Any, about: Any
) -> None:
    engine = live(loaded, max_pairs=8, kv_gb=None)
    stream = stream_of(engine, "lobby", 6, 9)
    stream.push(6)
    portable = PortableEngine(loaded, EngineConfig("built-in"))
    try:
        portable.attach(stream)
        questions = [about("Is the flag red?"), replace(about("Is anything moving?"), window_s=1.0)]
        ours, stock = (score(each, questions, ["Yes", "No"], heard) for each in (engine, portable))
    finally:
        portable.close()
    assert ours.views[1] == stock.views[1]
    assert (torch.tensor(ours.probabilities) - torch.tensor(stock.probabilities)).abs().max() < 1e-4


def test_on_a_slow_machine_long_questions_are_scored_together_all_the_same(
    live: Callable[..., Any], stream_of: Any, heard: Any, about: Any
) -> None:
    engine = live("qwen2_vl")
    stream_of(engine).push(6)
    questions = [about("is it there? " * times) for times in (40, 10, 30)]
    before = score(engine, questions, ["a", "b"], heard)
    engine._starter._row_s = 1e9
    found = score(engine, questions, ["a", "b"], heard)
    difference = torch.tensor(found.probabilities) - torch.tensor(before.probabilities)
    assert difference.abs().max() < 1e-4


def test_a_choice_of_two_tokens_is_refused(live: Callable[..., Any], stream_of: Any, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(2)
    with pytest.raises(QuestionError, match=r"the choice 'perhaps not' is \d tokens for this model; it must be one"):
        engine.score([about_lobby("On?")], ["perhaps not"], heard())
    with pytest.raises(QuestionError, match="one and the same camera"):
        engine.score([], ["Yes"], heard())


def test_a_camera_without_frames_fails_its_scoring(live: Callable[..., Any], stream_of: Any, heard: Any) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine)
    listener = heard()
    engine.score([about_lobby("On?")], ["Yes"], listener)
    assert isinstance(listener.next(), Failed)
