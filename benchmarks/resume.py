"""Answers over a line that is cut again and again, at random bytes: is any word lost, does any come twice?

    python benchmarks/resume.py [--drops 100] [--seed 1] [--at-once 2]

A real server with the built-in model and a synthetic camera, a TCP proxy that breaks connections without a goodbye, and
askcam.client, which comes back to its session. Met if every answer's pieces, joined, are the answer's text and that of
its record on the server, and every event came once. One JSON line; exits with 1 if not met.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.resuming import ask_through_drops
from support.servers.askcam_server import live_server, wait_for_pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--drops", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2, help="questions under way together")
    args = parser.parse_args()
    with live_server(cameras=["lobby=synthetic:7"]) as server:
        wait_for_pairs(server, "lobby", 4)
        began = time.monotonic()
        heard = asyncio.run(ask_through_drops(server.url, "lobby", args.drops, args.seed, args.at_once))
        seconds = time.monotonic() - began
    for line in heard.wrong:
        print(line)
    told = {
        "benchmark": "resume",
        "drops": heard.drops,
        "resumed": heard.resumed,
        "answers": heard.answers,
        "deltas": heard.deltas,
        "wrong": len(heard.wrong),
        "answer_s_with_a_drop_p50": round(statistics.median(heard.back_s), 3) if heard.back_s else None,
        "seconds": round(seconds, 1),
    }
    print(json.dumps(told))
    sys.exit(1 if heard.wrong or heard.resumed < heard.drops else 0)


if __name__ == "__main__":
    main()
