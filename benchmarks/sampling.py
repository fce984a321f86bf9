"""What choosing tokens as real checkpoints do costs, against greedy ones: answers at once, in one run.

    python benchmarks/sampling.py [--answers N] [--tokens N] [--rounds N] [--shape 2b] [--part 8] [--dtype float32]

On the built-in model, and on random weights of a real shape's widths, whose vocabulary has 151,936 tokens: of its
layers one in eight (--part 1: all), so that choosing weighs more here than in the whole model. Each round asks all at
once, first greedily and then by each family's own generation_config.json. One thread. Tokens a second are of the
whole process's computing, since other programs may run beside it: medians over the rounds, and the share of greedy's.
The last line is JSON.
"""

import argparse
import json
import platform
import queue
import statistics
import sys
import time
from typing import Any

import torch

from askcam.demo.builtin import model_path
from askcam.engine.bench.shapes import GENERATION, PART, random_model, shorten
from askcam.engine.checkpoint import load
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.live.build import build
from askcam.engine.question import Event, Failed, Finished, Message, Question, Role, Sampling, Text

ENOUGH = 0.9  # of greedy's tokens a second
ASKED = "Tell a long story about a red ball and a blue box, and what became of them."
Ways = dict[str, dict[str, Any]]


def main() -> None:
    """Exits with 1 where choosing costs more than a tenth."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--answers", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=24, help="of each answer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shape", default="2b", choices=["2b", "tiny", "none"])
    parser.add_argument("--part", type=int, default=8, help="one layer of so many")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    config = EngineConfig("built-in", threads=1, max_waiting=options.answers, max_answering=options.answers, kv_gb=0.5)
    found: dict[str, Any] = {"bench": "sampling", "cpu": platform.machine(), "torch": torch.__version__}
    found |= {"date": time.strftime("%Y-%m-%d"), "answers": options.answers, "tokens": options.tokens}
    builtin = load(EngineConfig(str(model_path()), threads=1), lambda what, share: None)
    builtin.model.generation_config.eos_token_id = None  # all answers are equally long
    found["built-in"] = measure(build(builtin, config), options)
    if options.shape != "none":
        layers, _ = shorten(options.shape, options.part)
        loaded = random_model(PART, torch.device("cpu"), getattr(torch, options.dtype), max_pairs=2)
        found[f"{options.shape}, {layers} layers, {options.dtype}"] = measure(build(loaded, config), options)
    print(
        f"{options.answers} answers at once, {options.tokens} tokens each; tokens a second of computing (of greedy's)"
    )
    rows = {name: rates for name, rates in found.items() if isinstance(rates, dict)}
    for name, rates in rows.items():
        line = "  ".join(f"{way} {rate} ({rate / rates['greedy']:.2f})" for way, rate in rates.items())
        print(f"{name:14s} {line}")
    worst = min(rate / rates["greedy"] for rates in rows.values() for rate in rates.values())
    found["worst"] = round(worst, 3)
    print(json.dumps(found))
    sys.exit(0 if worst >= ENOUGH else 1)


def measure(engine: Engine, options: argparse.Namespace) -> dict[str, float]:
    """Tokens a second, by way of choosing."""
    ways: Ways = {"greedy": {"temperature": 0}}
    for family, own in GENERATION.items():
        ways[family] = {"top_k": 0} | {name: value for name, value in own.items() if name != "do_sample"}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    try:
        for turn in range(options.rounds + 1):  # the first does not count
            for name, way in ways.items():
                rate = one_round(engine, options, way)
                rates[name] += [rate] if turn else []
    finally:
        engine.close()
    return {name: round(statistics.median(found), 1) for name, found in rates.items()}


def one_round(engine: Engine, options: argparse.Namespace, way: dict[str, Any]) -> float:
    """All at once."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    tokens = options.tokens
    began = time.process_time()
    for seed in range(options.answers):
        sampling = Sampling(max_tokens=tokens, seed=seed, **way)
        engine.ask(Question((Message(Role.USER, (Text(ASKED),)),), sampling=sampling), events.put)
    ended, told = 0, 0
    while ended < options.answers:
        event = events.get(timeout=600)
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, Finished):
            ended, told = ended + 1, told + event.usage.completion_tokens
    return told / (time.process_time() - began)


if __name__ == "__main__":
    main()
