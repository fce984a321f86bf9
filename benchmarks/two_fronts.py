"""Two fronts over one PostgreSQL: how long until the other leads where the leader is killed or stands still.

    python benchmarks/two_fronts.py [--calm 3] [--kill 6] [--stop 2] [--database postgresql://…]

A server with the built-in model and two cameras joins two fronts. Of --kill times the front that leads is killed
(SIGKILL) and started again, of --stop times it stands still (SIGSTOP) until the other leads, of --calm times nothing
fails for as long. Meanwhile one asker asks the standby again and again, and one asks both: the other one as soon as one
does not answer in 2 s. Seconds until the standby leads; the longest from one answer to the next, for each asker; did a
camera move. Without --database a PostgreSQL of its own is started (Debian's, /usr/lib/postgresql). A table, then one
JSON line; exits with 1 where a camera moved, or an answer of the standby failed.
"""

import argparse
import contextlib
import itertools
import json
import os
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import httpx
from support.front_tokens import FRONT, SHARD
from support.servers.askcam_server import LiveServer, front_server, live_server
from support.servers.postgres import postgres
from support.waiting import until

CAMERAS = ("c1", "c2")
LIMITS = "[limits]\nquestions_per_s = 1000\nquestions_burst = 1000\n"
WAIT_S, CALM_S = 180.0, 4.0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Fronts:
    config: Path
    stack: contextlib.ExitStack
    ports: Sequence[int] = field(default_factory=lambda: (free_port(), free_port()))
    running: dict[int, LiveServer] = field(default_factory=dict)

    def begin(self, place: int) -> None:
        told = front_server({}, "--config", str(self.config), "--port", str(self.ports[place]), env=FRONT)
        self.running[place] = self.stack.enter_context(told)

    def client(self, place: int) -> httpx.Client:
        headers = {"authorization": "Bearer front-viewer"}
        url = f"http://127.0.0.1:{self.ports[place]}"
        return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)

    def leads(self, place: int) -> bool:
        with self.client(place) as http:
            return bool(http.get("/readyz").json()["leads"])

    def leader(self) -> int:
        return until(lambda: [place for place in (0, 1) if self.leads(place)], "a leader", WAIT_S, 0.1)[0]

    def owned(self, place: int) -> dict[str, list[str]]:
        with self.client(place) as http:
            rows = http.get("/v1/shards").json()["data"]
        return {row["name"]: sorted(row.get("owns", [])) for row in rows}


def answered(http: httpx.Client, camera: str, timeout_s: float = 60.0) -> bool:
    body = {"model": camera, "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 4}
    try:
        return http.post("/v1/chat/completions", json=body, timeout=timeout_s).status_code == 200
    except httpx.TransportError:
        return False


@contextlib.contextmanager
def asking(ask: Callable[[], bool]) -> Iterator[list[tuple[float, bool]]]:
    """When each question ended, and whether it was answered; they are put one after the other."""
    told, over = [(time.monotonic(), True)], threading.Event()

    def run() -> None:
        while not over.is_set():
            good = ask()
            told.append((time.monotonic(), good))
            over.wait(0.02)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        over.set()
        thread.join(60)


def longest_s(told: Sequence[tuple[float, bool]]) -> float:
    ends = [end for end, good in told if good] + [told[-1][0]]
    return max((later - end for end, later in itertools.pairwise(ends)), default=0.0)


def fail(fronts: Fronts, how: str) -> dict[str, Any]:
    """The leader is killed or stands still, and is put right again; or nothing fails, for as long."""
    leader = fronts.leader()
    other, before = 1 - leader, fronts.owned(leader)
    process, at = fronts.running[leader].process, [leader]

    def ask_both() -> bool:
        with fronts.client(at[0]) as http:
            good = answered(http, CAMERAS[0], 2.0)
        if not good:
            at[0] = 1 - at[0]
        return good

    with fronts.client(other) as http, asking(lambda: answered(http, CAMERAS[1])) as one, asking(ask_both) as both:
        time.sleep(1.0)
        since = time.monotonic()
        if how == "calm":
            time.sleep(CALM_S)
        else:
            process.send_signal(signal.SIGKILL if how == "kill" else signal.SIGSTOP)
            until(lambda: fronts.leads(other), "the other to lead", WAIT_S, 0.02)
        led_s = time.monotonic() - since
        time.sleep(2.0)
    if how == "calm":
        other = leader
    elif how == "kill":
        process.wait(20)
        fronts.begin(leader)
    else:
        process.send_signal(signal.SIGCONT)
    until(lambda: fronts.leads(other), "one leader", WAIT_S, 0.1)
    return {
        "leads_s": led_s,
        "standby_gap_s": longest_s(one),
        "both_gap_s": longest_s(both),
        "standby_failed": sum(not good for _, good in one),
        "moved": fronts.owned(other) != before,
    }


@contextlib.contextmanager
def begun(database: str | None) -> Iterator[Fronts]:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        url = database or stack.enter_context(postgres()).database()
        tables = [f'[cameras.{name}]\nuri = "synthetic:{place}"\nfps = 1' for place, name in enumerate(CAMERAS, 1)]
        config, shard = Path(folder) / "front.toml", Path(folder) / "shard.toml"
        config.write_text("\n".join([f'{LIMITS}[cluster]\ndatabase = "{url}"', *tables]))
        shard.write_text(LIMITS)
        fronts = Fronts(config, stack)
        for place in (0, 1):
            fronts.begin(place)
        addresses = ",".join(f"http://127.0.0.1:{port}" for port in fronts.ports)
        flags = ("--config", str(shard), "--front", addresses, "--shard-name", "a", "--threads", "1", "--power", "full")
        stack.enter_context(live_server(*flags, env=SHARD))
        for place in (0, 1):
            with fronts.client(place) as http:
                for camera in CAMERAS:
                    until(lambda http=http, camera=camera: answered(http, camera), "an answer", WAIT_S, 0.1)  # type: ignore[misc]
        yield fronts


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calm", type=int, default=3, help="times that nothing fails")
    parser.add_argument("--kill", type=int, default=6)
    parser.add_argument("--stop", type=int, default=2)
    parser.add_argument("--database", help="postgresql://…, an empty one")
    options = parser.parse_args()
    report: dict[str, Any] = {"benchmark": "two_fronts", "cores": os.cpu_count()}
    wrong = False
    with begun(options.database) as fronts:
        for how in ("calm", "kill", "stop"):
            found = [fail(fronts, how) for _ in range(getattr(options, how))]
            if not found:
                continue
            wrong = wrong or any(each["moved"] or each["standby_failed"] for each in found)
            report[how] = {"times": len(found), "moved": sum(each["moved"] for each in found)}
            report[how]["standby_failed"] = sum(each["standby_failed"] for each in found)
            for name in ("leads_s", "standby_gap_s", "both_gap_s"):
                seconds = [each[name] for each in found]
                report[how][name] = {"p50": round(statistics.median(seconds), 2), "max": round(max(seconds), 2)}
            print(f"{how:6s}", report[how], flush=True)
    print(json.dumps(report))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
