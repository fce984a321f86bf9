"""How often the demo is right: its three questions of many seeds, put to the built-in model (or another).

    python benchmarks/demo.py [--seeds 0:200] [--model FOLDER-OR-HUB-ID] [--live]

Pictures, sampling, windows, engine and judge are the product's own. By default the camera's clock is moved by this
program, so that nobody waits for windows to fill; --live takes real cameras in real time (some 8 s a seed). Prints each
wrong answer, a table, and one JSON line.
"""

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.rehearsal import FILL_PAIRS, POLL_S, READY_S, Asked, put, rehearse, user

from askcam.demo.builtin import model_path
from askcam.demo.questions import questions
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.stream.camera import Camera
from askcam.stream.sources.registry import resolve

EPOCH = 1_700_000_000.0  # rehearsed cameras open at some time in the 28 hours after it, drawn from the seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="0:200", help="FIRST:END, half open")
    parser.add_argument("--model", default=str(model_path()))
    parser.add_argument("--live", action="store_true", help="real cameras, in real time")
    args = parser.parse_args()
    first, end = map(int, args.seeds.split(":"))
    engine = open_engine(EngineConfig(args.model))
    results: dict[int, list[Asked]] = {}
    begun = time.monotonic()
    try:
        for seed in range(first, end):
            results[seed] = list(live(engine, seed) if args.live else rehearse(engine, seed, opened_at(seed)))
            for asked in results[seed]:
                if not asked.right:
                    print(f"seed {seed}: {asked.question.text} {asked.answer!r}, but: {asked.truth!r}", flush=True)
            if len(results) % 20 == 0:
                print(f"{len(results)} seeds, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    finally:
        engine.close()
    report(results, {"model": engine.info.id, "device": engine.info.device, "seeds": args.seeds, "live": args.live})


def opened_at(seed: int) -> float:
    return EPOCH + random.Random(f"askcam benchmark {seed}").uniform(0, 100_000)


def live(engine: Engine, seed: int) -> Iterator[Asked]:
    """The demo of one seed with a real camera."""
    with Camera(f"seed {seed}", resolve(f"synthetic:{seed}"), fit=engine.fit, anchors=engine.anchors) as camera:
        engine.attach(camera)
        try:
            wait(lambda: camera.status().sampled >= 2 * FILL_PAIRS)
            for question in questions(seed):
                asked = time.monotonic()
                wait(lambda q=question: q.ready((view := camera.look()).start_wall, view.end_wall))
                begun = time.monotonic()
                answer, view = put(engine, camera.name, user(question.text))
                took_s = time.monotonic() - begun
                span = (view.start_wall, view.end_wall)
                right = question.correct(answer, *span)
                pairs = len(view.pairs)
                yield Asked(question, answer, question.truth(*span), right, pairs, begun - asked, took_s)
        finally:
            engine.detach(camera.name)


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_S
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing came in {READY_S:g} s")
        time.sleep(POLL_S)


def report(results: dict[int, list[Asked]], about: dict[str, object]) -> None:
    kinds: dict[str, list[Asked]] = defaultdict(list)
    for answers in results.values():
        for asked in answers:
            kinds[asked.question.kind].append(asked)
    print(f"\n{'kind':12}{'asked':>7}{'right':>7}{'share':>9}{'mean wait':>12}{'mean answer':>13}")
    for kind, answers in sorted(kinds.items()):
        waited, took = (sum(getattr(a, key) for a in answers) / len(answers) for key in ("waited_s", "took_s"))
        right = sum(a.right for a in answers)
        print(f"{kind:12}{len(answers):7}{right:7}{right / len(answers):9.2%}{waited:10.1f} s{took:11.2f} s")
    asked_all = [a for answers in results.values() for a in answers]
    num_right = sum(a.right for a in asked_all)
    num_whole = sum(all(a.right for a in answers) for answers in results.values())
    print(f"answers right: {num_right} of {len(asked_all)}; seeds all right: {num_whole} of {len(results)}")
    shares = {kind: round(sum(a.right for a in answers) / len(answers), 4) for kind, answers in sorted(kinds.items())}
    summary = {"answers_right": num_right / len(asked_all), "seeds_all_right": num_whole / len(results)}
    print(json.dumps({"benchmark": "demo"} | about | summary | {"kinds": shares}))


if __name__ == "__main__":
    main()
