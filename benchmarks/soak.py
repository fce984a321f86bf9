"""Four cameras for ten minutes, a question every 2 s: does memory stay, is nothing old ever answered?

    python benchmarks/soak.py [--seconds 600] [--cameras 4] [--period 2.0] [--max-age-ms 3000]

Starts its own `askcam serve` with the built-in model and synthetic cameras. Prints a line a minute, a table, and one
JSON line. Memory is the resident set of the server's process, at minute 2 and at the end (median of the last 10 s).
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.servers.askcam_server import live_server

QUESTIONS = ("What do you see?", "Is anything moving?", "你看到了什么？", "How many objects are there?")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--period", type=float, default=2.0, help="seconds between questions")
    parser.add_argument("--max-age-ms", type=float, default=3000)
    args = parser.parse_args()
    names = [f"cam{i}" for i in range(args.cameras)]
    with live_server(cameras=[f"{name}=synthetic:{i + 1}" for i, name in enumerate(names)]) as server:
        rss, ages, codes = _run(server.url, psutil.Process(server.process.pid), names, args)
    _report(rss, ages, codes, args)


def _run(
    url: str, process: psutil.Process, names: list[str], args: argparse.Namespace
) -> tuple[list[tuple[float, float]], list[float], Counter[str]]:
    rss: list[tuple[float, float]] = []  # (seconds, MiB)
    ages: list[float] = []
    codes: Counter[str] = Counter()
    start, num, said = time.monotonic(), 0, 0
    with httpx.Client(base_url=url, timeout=60) as client:
        while (now := time.monotonic() - start) < args.seconds:
            body = {
                "model": names[num % len(names)],
                "messages": [{"role": "user", "content": QUESTIONS[num // len(names) % len(QUESTIONS)]}],
                "askcam": {"max_age_ms": args.max_age_ms},
            }
            reply = client.post("/v1/chat/completions", json=body)
            num += 1
            if reply.status_code == 200:
                codes["answered"] += 1
                ages.append(reply.json()["askcam"]["frame_age_ms"])
            else:
                codes[reply.json()["error"]["code"]] += 1
            rss.append((time.monotonic() - start, process.memory_info().rss / 2**20))
            if now >= said * 60:
                print(f"{now:6.0f} s  {rss[-1][1]:7.0f} MiB  {dict(codes)}", flush=True)
                said += 1
            time.sleep(max(0.0, num * args.period - (time.monotonic() - start)))
    return rss, ages, codes


def _report(rss: list[tuple[float, float]], ages: list[float], codes: Counter[str], args: argparse.Namespace) -> None:
    settled = min(120.0, args.seconds / 5)
    before = statistics.median(m for t, m in rss if settled - 10 <= t <= settled + 10)
    after = statistics.median(m for t, m in rss if t >= rss[-1][0] - 10)
    asked = sum(codes.values())
    row = {
        "benchmark": "soak",
        "cameras": args.cameras,
        "seconds": args.seconds,
        "asked": asked,
        "answered": codes["answered"],
        "answered_share": round(codes["answered"] / asked, 4),
        "refused": {code: n for code, n in codes.items() if code != "answered"},
        "answers_older_than_allowed": sum(age > args.max_age_ms for age in ages),
        "frame_age_ms_p50": round(statistics.median(ages), 1),
        "frame_age_ms_max": round(max(ages), 1),
        "rss_settled_mib": round(before, 1),
        "rss_end_mib": round(after, 1),
        "rss_growth": round(after / before - 1, 4),
    }
    print()
    for name, value in row.items():
        print(f"{name:28} {value}")
    print(json.dumps(row))


if __name__ == "__main__":
    main()
