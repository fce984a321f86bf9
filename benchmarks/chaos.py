"""The live engine with cameras that come and go, questions, cancels, and faults in its passes: does all come back?

    python benchmarks/chaos.py [--seconds 900] [--seed 1] [--rate 6] [--fault-share 0.001]

In this process: the built-in model on the live backend, synthetic cameras, and a driver (tests/hazards) that does about
`--rate` random things a second. `--fault-share` of the model's passes raise, some as if memory had run out. Afterwards
everything is detached. Met if every question got exactly one last event of a known kind, no row of the pool and no
thread is left, memory at rest grew by less than 5% from minute 2 on, and the last greedy answers equal those of stock
generate on the same frames. A line a minute, a table, one JSON line; exits with 1 if not met.

Memory at rest is the resident set with every camera detached, once glibc was made to give back what is free
(malloc_trim). In between it keeps some of that: what the lines show, busy, creeps up by about a tenth.
"""

import argparse
import ctypes
import gc
import json
import math
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from askcam.engine.open import wait_calmly

wait_calmly()  # before anything imports torch

from hazards.driver import Chaos, rest  # noqa: E402
from hazards.faults import Listening  # noqa: E402

from askcam.demo.builtin import model_path  # noqa: E402
from askcam.engine.interface import EngineConfig  # noqa: E402
from askcam.engine.live.engine import LiveEngine  # noqa: E402
from askcam.engine.open import open_engine  # noqa: E402

KV_GB = 0.16  # for six cameras' plain windows, not for all that is asked of them: a full pool is part of it
GROWTH = 0.05  # of the resident set that counts as flat


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=6.0, help="things done a second, if they take no longer")
    parser.add_argument("--fault-share", type=float, default=0.001, help="of the model's passes")
    args = parser.parse_args()
    at_first = set(threading.enumerate())
    config = EngineConfig(str(model_path()), backend="live", kv_gb=KV_GB, max_waiting=16, max_answering=8)
    engine = open_engine(config)
    assert isinstance(engine, LiveEngine), engine
    engine._model.language.kv.zero_()  # a page of the pool counts from its first use on: so all do from the start
    wrong: list[str] = []
    before = set(threading.enumerate())
    with Listening() as log, Chaos(engine, args.seed, args.fault_share) as chaos:
        at_rest: list[float] = []
        quiet: list[bool] = []
        with _noting(wrong):
            began, settled_s = time.monotonic(), min(120.0, args.seconds / 5)
            for until_s in (settled_s, args.seconds):
                _run(chaos, args, began, until_s, quiet)
                if until_s == args.seconds:
                    chaos.calm()
                chaos.end()
                at_rest.append(_held_mib())
        pool, left = engine.pool.stats(), rest(before)
        with _noting(wrong):
            wrong += chaos.check()
            chaos.close()
    left += rest(at_first)
    wrong += chaos.tally.wrong + log.unexplained
    memory_settled, memory_end = at_rest if len(at_rest) == 2 else (math.nan, math.nan)  # it broke off before
    tally, faults = chaos.tally, chaos.faults
    row: dict[str, Any] = {
        "benchmark": "chaos",
        "seconds": args.seconds,
        "seed": args.seed,
        "actions": chaos.num_actions,
        "cameras_attached": chaos.num_attached,
        "asked": tally.num_asked,
        "ended": dict(sorted(tally.over.items())),
        "without_an_end": tally.num_asked - sum(tally.over.values()),
        "passes": dict(faults.ran),
        "faults_planted": dict(sorted(faults.planted.items())),
        "time_without_ingesting": round(sum(quiet) / max(1, len(quiet)), 3),
        "warnings": dict(log.warnings),
        "prompt_tokens_found_computed": round(tally.cached_tokens / max(1, tally.prompt_tokens), 3),
        "pool_rows_left": pool.used_rows,
        "pool_ranges_left": pool.num_ranges,
        "threads_left": left,
        "at_rest_settled_mib": round(memory_settled, 1),
        "at_rest_end_mib": round(memory_end, 1),
        "at_rest_growth": round(memory_end / memory_settled - 1, 4),
        "answers_compared": len(tally.answers),
        "wrong": len(wrong),
    }
    row["met"] = not (
        wrong
        or left
        or row["without_an_end"]
        or pool.used_rows
        or pool.num_ranges
        or not row["at_rest_growth"] < GROWTH
        or not tally.answers
    )
    _report(row, wrong)
    sys.exit(0 if row["met"] else 1)


def _held_mib() -> float:
    """The resident set without what the allocator keeps of freed memory."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return _resident_mib()


def _resident_mib() -> float:
    return float(psutil.Process().memory_info().rss / 2**20)


@contextmanager
def _noting(wrong: list[str]) -> Iterator[None]:
    """What was waited for in vain goes to the report."""
    try:
        yield
    except AssertionError as exc:
        wrong.append(str(exc))


def _run(chaos: Chaos, args: argparse.Namespace, began: float, until_s: float, quiet: list[bool]) -> None:
    """Until `until_s` seconds after `began`. `quiet`: whether the engine left frames alone just then, after a fault."""
    pause = random.Random(args.seed)
    said = math.ceil((time.monotonic() - began) / 60)
    while (now := time.monotonic() - began) < until_s:
        chaos.act()
        quiet.append(time.monotonic() < chaos.engine._ingest_after)
        if now >= said * 60:
            said += 1
            print(
                f"{now:6.0f} s  {_resident_mib():7.0f} MiB  {chaos.num_cameras} cameras of {chaos.num_attached}  "
                f"{chaos.faults.planted.total()} faults  {dict(chaos.tally.over)}",
                flush=True,
            )
        time.sleep(pause.expovariate(args.rate))


def _report(row: dict[str, Any], wrong: list[str]) -> None:
    print()
    for name, value in row.items():
        print(f"{name:28} {value}")
    for each in wrong[:20]:
        print(f"wrong: {each}")
    print(json.dumps(row))


if __name__ == "__main__":
    main()
