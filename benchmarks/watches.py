"""What standing questions cost: forty on one window against one, and what somebody's question pays for sixty-four.

    python benchmarks/watches.py [--rounds 15] [--backends live] [--model FOLDER-OR-HUB-ID]

The built-in model looks at one synthetic camera that brings no new frames meanwhile, so that only the asking is timed.
First 1, 8, 40 and 64 watches' questions are scored on the end of its window, each number --rounds times, in turn.
Then a question is asked --rounds * 2 times, by turns while nothing else runs and while 64 watches are being scored
without pause, at a random moment of a scoring: the time to its first token. Wanted are 40 watches for 3 times the cost
of one, and 1.5 times the idle first token, both on the default (live) backend. Tables, then one JSON line.
"""

import argparse
import json
import queue
import random
import statistics
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.rehearsal import FILL_PAIRS, POLL_S, RehearsedCamera

from askcam.demo.builtin import model_path
from askcam.demo.objects import drawn_objects
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import Failed, Finished, First, Message, Question, Role, Sampling, Scored, Text
from askcam.features.watches.setting import WatchSetting

SEED, EPOCH = 3, 1_700_000_000.0
NUMBERS = (1, 8, 40, 64)
MANY = 64
LIMITS = {"forty_over_one": 3.0, "first_token_ratio": 1.5}
WINDOW_S = WatchSetting("?", ("rehearsed",)).window_s  # what watches look at, unless they say more
WAIT_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--backends", default="live", help="comma-separated; portable takes minutes")
    parser.add_argument("--model", default=str(model_path()))
    args = parser.parse_args()
    found = {backend: one(args.model, backend, args.rounds) for backend in args.backends.split(",")}
    print(
        f"\n{'backend':10}"
        + "".join(f"{f'{n} watches':>12}" for n in NUMBERS)
        + f"{'40/1':>7}   median ms of a scoring"
    )
    for backend, row in found.items():
        numbers = "".join(f"{row['scoring_ms'][n]:12.1f}" for n in NUMBERS)
        print(f"{backend:10}{numbers}{row['forty_over_one']:7.1f}")
    print(f"\n{'backend':10}{'idle':>10}{'p95':>10}{'watched':>10}{'p95':>10}{'ratio':>7}   ms to the first token")
    for backend, row in found.items():
        idle, watched = row["first_idle_ms"], row["first_watched_ms"]
        times = "".join(f"{value:10.1f}" for value in (idle["p50"], idle["p95"], watched["p50"], watched["p95"]))
        print(f"{backend:10}{times}{row['first_token_ratio']:7.2f}")
    live = found.get("live", {})
    met = {name: live[name] <= limit for name, limit in LIMITS.items()} if live else {}
    print(json.dumps({"benchmark": "watches", "rounds": args.rounds, "limits": LIMITS, "met": met, **found}))


def one(model: str, backend: Any, rounds: int) -> dict[str, Any]:
    engine = open_engine(EngineConfig(model, backend=backend))
    try:
        camera = RehearsedCamera(SEED, engine.fit, engine.anchors, EPOCH)
        engine.attach(camera)
        while camera.num_pairs_seen < FILL_PAIRS:
            camera.run_to(camera.now + POLL_S)
        for number in NUMBERS:  # nobody pays for a first time
            score(engine, camera.name, number)
        times: dict[int, list[float]] = {number: [] for number in NUMBERS}
        for _ in range(rounds):
            for number in NUMBERS:
                times[number].append(score(engine, camera.name, number))
        scoring = {number: round(1000 * statistics.median(each), 2) for number, each in times.items()}
        idle, watched = firsts(engine, camera.name, rounds * 2, scoring[MANY] / 1000)
    finally:
        engine.close()
    return {
        "scoring_ms": scoring,
        "forty_over_one": round(scoring[40] / scoring[1], 2),
        "first_idle_ms": idle,
        "first_watched_ms": watched,
        "first_token_ratio": round(watched["p50"] / idle["p50"], 2),
    }


def firsts(engine: Engine, camera: str, rounds: int, scoring_s: float) -> tuple[dict[str, float], dict[str, float]]:
    """First tokens, idle and watched, by turns."""
    chance, idle, watched = random.Random(0), [], []
    for _ in range(rounds):
        idle.append(first(engine, camera))
        stop = threading.Event()
        watcher = threading.Thread(target=watch, args=(engine, camera, stop))
        watcher.start()
        time.sleep(chance.uniform(0.2, 1.2) * scoring_s)
        watched.append(first(engine, camera))
        stop.set()
        watcher.join()
    return spread(idle), spread(watched)


def watch(engine: Engine, camera: str, stop: threading.Event) -> None:
    """64 watches, as often as it can be done."""
    while not stop.is_set():
        score(engine, camera, MANY)


def score(engine: Engine, camera: str, number: int) -> float:
    """Seconds."""
    things = [drawn.a for drawn in drawn_objects()[:number]]
    asked = [asking(camera, f"Is there {thing}? Answer yes or no.", 1) for thing in things]
    questions = [replace(one, window_s=WINDOW_S) for one in asked]
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    began = time.monotonic()
    engine.score(questions, ["Yes", "No"], events.put)
    event = events.get(timeout=WAIT_S)
    assert isinstance(event, Scored), event
    return time.monotonic() - began


def first(engine: Engine, camera: str) -> float:
    """Seconds from the engine's receipt of a question to its first token."""
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    engine.ask(asking(camera, "What do you see?", 1), events.put)
    took = 0.0
    while not isinstance(event := events.get(timeout=WAIT_S), Finished):
        assert not isinstance(event, Failed), event
        if isinstance(event, First):
            took = event.first_token_s
    return took


def asking(camera: str, text: str, max_tokens: int) -> Question:
    return Question((Message(Role.USER, (Text(text),)),), camera, Sampling(temperature=0, max_tokens=max_tokens))


def spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return {"p50": round(1000 * statistics.median(ordered), 2), "p95": round(1000 * p95, 2)}


if __name__ == "__main__":
    main()
