"""Sampling as the portable backend does it: same settings, same seed, same view, same tokens."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import GenerationConfig
from transformers.generation import logits_process as stock

from askcam.engine.choosing import generation_config, seeded
from askcam.engine.live.chance import Chance, draws_like, exponentials
from askcam.engine.live.drawing import MOST
from askcam.engine.live.likeliest import largest, likeliest
from askcam.engine.live.sampling import Chooser, TokenSampler
from askcam.engine.question import Message, Question, Role, Sampling, Text

MESSAGES = (Message(Role.USER, (Text("What is this?"),)),)
WAYS = (
    {"temperature": 0, "repetition_penalty": 1.3},
    {"temperature": 0, "min_tokens": 12},
    {"temperature": 1.0, "seed": 1},
    {"temperature": 0.7, "top_k": 5, "seed": 2},
    {"temperature": 1.5, "top_p": 0.8, "top_k": 0, "seed": 3},
    {"temperature": 1.2, "repetition_penalty": 1.2, "seed": 4},
    {"temperature": 0.7, "top_k": 20, "top_p": 0.8, "seed": 5},  # Qwen3-VL's and Qwen3.5's own
    {"temperature": 1e-6, "repetition_penalty": 1.05, "seed": 6},  # Qwen2.5-VL's own
    {"temperature": 0.9, "top_k": 7, "min_tokens": 9, "repetition_penalty": 1.1, "seed": 7},
)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_same_as_stock_generate(
    way: dict[str, Any], live: Callable[..., Any], stream_of: Any, oracle: Any, sharp: Any, heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(5)
    question = Question(MESSAGES, "lobby", Sampling(max_tokens=16, **way))
    listener = heard()
    engine.ask(question, listener)
    events = listener.wait()
    with seeded(question.sampling.seed, torch.device("cpu")):
        oracle(sharp("qwen2_vl")).check(question, events)


def test_answers_beside_each_other_do_not_disturb_each_others_chance(
    live: Callable[..., Any], stream_of: Any, heard: Any
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(5)

    def ask(seeds: tuple[int, ...]) -> list[str]:
        listeners = [heard() for _ in seeds]
        for seed, listener in zip(seeds, listeners, strict=True):
            sampling = Sampling(max_tokens=16, temperature=1.5, seed=seed)
            engine.ask(Question(MESSAGES, "lobby", sampling), listener)
        return [listener.wait()[-1].text for listener in listeners]

    alone = [ask((seed,))[0] for seed in (5, 6, 7)]
    assert ask((5, 6, 7)) == alone
    assert len(set(alone)) == 3


def test_greedy_answers_need_no_processing(sharp: Any) -> None:
    own = sharp("qwen2_vl").model.generation_config
    assert Chooser(own, Sampling(temperature=0), 10, torch.device("cpu")).greedy
    assert not Chooser(own, Sampling(temperature=0, repetition_penalty=1.1), 10, torch.device("cpu")).greedy
    assert not Chooser(own, Sampling(temperature=0.5), 10, torch.device("cpu")).greedy
    assert not Chooser(own, Sampling(temperature=0, min_tokens=2), 10, torch.device("cpu")).greedy


CPU = torch.device("cpu")
VOCAB = 128 * 300
LIMITS = (
    {"temperature": 0.7, "top_k": 20, "top_p": 0.8},
    {"temperature": 1.0, "top_k": 0, "top_p": 0.95},
    {"temperature": 1.0, "top_k": 0},
    {"temperature": 2.0, "top_k": 0, "top_p": 0.999},
    {"temperature": 1.3, "top_k": 50, "top_p": 1.0},
    {"temperature": 1e-6, "top_k": 0},
    {"temperature": 0.8, "top_k": MOST + 1, "top_p": 0.9},
    {"temperature": 0},
    {"temperature": 0.9, "top_k": 20, "top_p": 0.9, "repetition_penalty": 1.3},
    {"temperature": 0, "repetition_penalty": 1.3},
)


def by_stock(limits: dict[str, Any], min_p: float | None, seed: int, rows: list[torch.Tensor]) -> list[int]:
    """What generate() would choose of each of an answer's rows, one after the other, none said before."""
    config = generation_config(GenerationConfig(min_p=min_p), Sampling(**limits), 100)
    steps: list[Any] = []
    if config.do_sample:
        steps.append(stock.TemperatureLogitsWarper(config.temperature))
        steps += [stock.TopKLogitsWarper(config.top_k)] if config.top_k else []
        steps += [stock.TopPLogitsWarper(config.top_p)] if (config.top_p or 1.0) < 1 else []
        steps += [stock.MinPLogitsWarper(min_p)] if min_p else []
    chance, said, found = torch.Generator().manual_seed(seed), [0, 1], []
    for row in rows:
        scores = row[None]
        if config.repetition_penalty:
            penalty = stock.RepetitionPenaltyLogitsProcessor(config.repetition_penalty)
            scores = penalty(torch.tensor([said]), scores)
        for step in steps:
            scores = step(None, scores)
        drawn = torch.multinomial(scores.softmax(-1), 1, generator=chance) if config.do_sample else scores.argmax(-1)
        said.append(int(drawn))
        found.append(int(drawn))
    return found


@pytest.mark.parametrize("spread", [0.3, 2.0, 6.0], ids=["flat", "even", "sharp"])
@pytest.mark.parametrize("min_p", [None, 0.05])
@pytest.mark.parametrize("vocab", [VOCAB, 1001, 40])
def test_all_rows_at_once_are_as_each_alone(spread: float, min_p: float | None, vocab: int) -> None:
    ways = [(limits, seed) for seed in range(2) for limits in LIMITS]
    passes = torch.randn(6, len(ways), vocab, generator=torch.Generator().manual_seed(1)) * spread
    own = GenerationConfig(min_p=min_p)
    choosers = [Chooser(own, Sampling(**limits, seed=seed), 100, CPU) for limits, seed in ways]
    for chooser in choosers:
        if chooser.wants_ids:
            chooser.start(torch.tensor([[0, 1]]))
    sampler, found = TokenSampler(), []
    for logits in passes:
        before = logits.clone()
        found.append(sampler.choose(choosers, logits))
        assert torch.equal(logits, before)
        for chooser, token in zip(choosers, found[-1], strict=True):
            chooser.took(token)
    want = [by_stock(limits, min_p, seed, list(passes[:, i])) for i, (limits, seed) in enumerate(ways)]
    assert [list(tokens) for tokens in zip(*found, strict=True)] == want


def test_an_answer_goes_on_alike_whoever_else_is_there() -> None:
    limits = {"temperature": 0.9, "top_k": 20, "repetition_penalty": 1.5}
    passes = torch.randn(90, 3, 1024, generator=torch.Generator().manual_seed(2)) * 3

    def tokens(beside: Callable[[int], bool]) -> list[int]:
        one, other, third = (Chooser(GenerationConfig(), Sampling(**limits, seed=seed), 100, CPU) for seed in range(3))
        for chooser in (one, other, third):
            chooser.start(torch.tensor([[5, 5, 9]]))
        sampler, found = TokenSampler(), []
        for number, logits in enumerate(passes):
            choosers = [one, other, third] if beside(number) else [one]
            chosen = sampler.choose(choosers, logits[: len(choosers)])
            for chooser, token in zip(choosers, chosen, strict=True):
                chooser.took(token)
            found.append(chosen[0])
        return found

    assert tokens(lambda number: False) == tokens(lambda number: True) == tokens(lambda number: number % 7 < 3)


def test_one_candidate_is_no_chance() -> None:
    own = GenerationConfig(do_sample=True, top_k=1, top_p=0.001, temperature=0.01)  # Qwen2-VL's
    assert Chooser(own, Sampling(), 10, CPU).greedy


def test_those_as_likely_as_the_last_of_top_k_stay_in() -> None:
    logits = torch.zeros(1, 1024)
    logits[0, :4] = torch.tensor([2.0, 1.0, 1.0, 1.0])
    found = set()
    for seed in range(60):
        chooser = Chooser(GenerationConfig(), Sampling(temperature=1.0, top_k=2, seed=seed), 10, CPU)
        found.update(TokenSampler().choose([chooser], logits))
    assert found == {0, 1, 2, 3}


@pytest.mark.parametrize("vocab", [128 * 50, 7, 1001, 32 * 33])
@pytest.mark.parametrize("count", [1, 20, 60])
def test_the_likeliest_are_those_of_topk(vocab: int, count: int) -> None:
    scores = torch.randn(4, vocab, generator=torch.Generator().manual_seed(3))
    values, ids = likeliest(scores, count)
    want = scores.topk(min(count, vocab))
    assert torch.equal(values, want.values)
    assert torch.equal(ids, want.indices)
    assert torch.equal(largest(scores), scores.argmax(-1))
    assert torch.equal(largest(scores.bfloat16()), scores.bfloat16().argmax(-1))  # the first of equal ones


def test_draws_are_those_of_the_whole_vocabulary() -> None:
    ids = torch.tensor([3, 700, 5])
    chance, whole = Chance(4, CPU), torch.Generator().manual_seed(4)
    drawn = draws_like(1000, CPU)
    for again in (True, False, True):
        want = torch.empty(1000).exponential_(generator=whole)
        chance.draw(drawn, again)
        assert torch.equal(exponentials(drawn[ids]), want[ids])
        assert float(exponentials(drawn.amin())) == float(want.min())
        if again:
            assert torch.equal(chance.whole(torch.empty(1000)), want)
