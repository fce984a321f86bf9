"""Attacks on a server, each beside an honest client that asks once a second: does that client notice?

    python benchmarks/hostile.py [--attacks idle,schemas] [--idle-s 10] [--seconds 25] [--files 1024] [--same-token]

For each attack an `askcam serve` of its own with the built-in model and a synthetic camera, allowed `--files` open
files at first (as shells allow). An honest client with the admin's token asks once a second, with the token itself and
with a cookie by turns, for `--idle-s` alone and then for `--seconds` beside the attack, which comes from a process of
its own with a viewer's token (or none). At its end the server is told to end (SIGTERM) while the attack goes on.

A row holds if the honest client got 95% of the answers that it got alone, its p95 of the first token is at most three
times what it was, memory (with all child processes) rose by at most 300 MB, the log by at most 1 MB, and the server was
gone within 10 s. One table, then one JSON line. Everything stays on this machine and
ends by itself.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from attacks import pictures, questions, strangers, viewers
from attacks.target import CAMERA, Attack, Target
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs

VIEWER, ADMIN = "v" * 32, "a" * 32
ATTACKS: dict[str, Attack] = {
    "schemas": questions.schemas,
    "tools": questions.tools,
    "texts": questions.texts,
    "messages": questions.messages,
    "crumbs": questions.crumbs,
    "pushed scans": pictures.pushed_scans,
    "sent scans": pictures.sent_scans,
    "plain pixels": pictures.plain_pixels,
    "idle": strangers.idle,
    "slow bodies": strangers.slow_bodies,
    "nonsense": strangers.nonsense,
    "wrong tokens": strangers.wrong_tokens,
    "unread pictures": viewers.unread_pictures,
    "unread events": viewers.unread_events,
    "sockets": viewers.sockets,
    "talk": viewers.talk,
    "reads": viewers.reads,
    "logins": viewers.logins,
    "questions": viewers.questions,
}
SHARE, SLOWER, GROWTH_MB, ENDS_S, LOG_MB = 0.95, 3.0, 300.0, 10.0, 1.0
PATIENCE_S = 60.0  # for the end


@dataclass(slots=True)
class Heard:
    """What the honest client got."""

    asked: int = 0
    ttft_ms: list[float] = field(default_factory=list)  # as the client sees it: from sending to the first words
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        return len(self.ttft_ms) / max(1, self.asked)

    @property
    def p95_ms(self) -> float:
        return statistics.quantiles(self.ttft_ms, n=20)[-1] if len(self.ttft_ms) > 1 else float("inf")


@dataclass(slots=True)
class Row:
    attack: str
    idle: Heard
    beside: Heard
    growth_mb: float
    log_mb: float
    ends_s: float

    @property
    def slower(self) -> float:
        return self.beside.p95_ms / self.idle.p95_ms

    @property
    def faults(self) -> list[str]:
        return [
            name
            for name, holds in (
                ("answers", self.beside.share >= SHARE * self.idle.share),
                ("first token", self.slower <= SLOWER),
                ("memory", self.growth_mb <= GROWTH_MB),
                ("log", self.log_mb <= LOG_MB),
                ("end", self.ends_s <= ENDS_S),
            )
            if not holds
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--attacks", default=",".join(ATTACKS), help=f"some of: {', '.join(ATTACKS)}")
    parser.add_argument("--idle-s", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=25)
    parser.add_argument("--files", type=int, default=1024, help="soft limit of open files that the server starts with")
    parser.add_argument("--same-token", action="store_true", help="the honest client has the attacker's token")
    parser.add_argument("--attack", nargs=2, metavar=("NAME", "URL"), help=argparse.SUPPRESS)  # as a child
    args = parser.parse_args()
    if args.attack is not None:
        _attack(*args.attack)
        return
    names = [name.strip() for name in args.attacks.split(",")]
    if unknown := [name for name in names if name not in ATTACKS]:
        parser.error(f"no such attack: {', '.join(unknown)}")
    rows = []
    for name in names:
        rows.append(_row(name, args))
        print(_line(rows[-1]), flush=True)
    _report(rows, args)


def _attack(name: str, url: str) -> None:
    """The child: attack until the parent ends it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(ATTACKS[name](Target(url, VIEWER)))


@contextlib.contextmanager
def _attacking(name: str, url: str) -> Iterator[None]:
    command = [sys.executable, __file__, "--attack", name, url]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
        if child.poll() is not None:
            raise RuntimeError(f"the attack {name!r} ended by itself, with {child.returncode}")
    finally:
        child.kill()
        child.wait()


def _row(name: str, args: argparse.Namespace) -> Row:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (args.files, before[1]))
    tokens = {"ASKCAM_TOKEN": VIEWER, "ASKCAM_ADMIN_TOKEN": ADMIN}
    with live_server(cameras=[f"{CAMERA}=synthetic:7"], env=tokens) as server:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        token = VIEWER if args.same_token else ADMIN
        wait_for_pairs(server, CAMERA, 4, ADMIN)
        cookie = _cookie(server, token)
        _ask(server, token, cookie, 3)  # warm
        idle = _ask(server, token, cookie, args.idle_s)
        memory = _Memory(server.process.pid)
        logged = _logged(server)
        with _attacking(name, server.url), memory:
            beside = _ask(server, token, cookie, args.seconds)
            grown = memory.growth_mb
            ends_s = _end(server)
        return Row(name, idle, beside, grown, (_logged(server) - logged) / 1e6, ends_s)


def _cookie(server: LiveServer, token: str) -> str:
    """Logged in as the page does, before anything else happens."""
    reply = httpx.post(f"{server.url}/v1/session", json={"token": token}, timeout=15)
    reply.raise_for_status()
    return "; ".join(f"{name}={value}" for name, value in reply.cookies.items())


def _ask(server: LiveServer, token: str, cookie: str, seconds: float) -> Heard:
    """Once a second, each question on a connection of its own, without waiting for the one before."""

    async def one(heard: Heard, sign: dict[str, str]) -> None:
        body = {"model": CAMERA, "messages": [{"role": "user", "content": "What do you see?"}], "stream": True}
        heard.asked += 1
        began = time.monotonic()
        try:
            async with (
                httpx.AsyncClient(headers=sign, timeout=15) as client,
                client.stream("POST", f"{server.url}/v1/chat/completions", json=body) as reply,
            ):
                if reply.status_code != 200:
                    heard.refused[str(json.loads(await reply.aread())["error"]["code"])] += 1
                    return
                async for line in reply.aiter_lines():
                    if '"content"' in line and time.monotonic() - began < 15:
                        heard.ttft_ms.append((time.monotonic() - began) * 1000)
                        return
                heard.refused["no words"] += 1
        except (httpx.HTTPError, OSError) as exc:
            heard.refused[type(exc).__name__] += 1

    async def all_of_them() -> Heard:
        heard = Heard()
        signs = ({"Authorization": f"Bearer {token}"}, {"Cookie": cookie})
        async with asyncio.TaskGroup() as group:
            for number in range(max(2, int(seconds))):
                group.create_task(one(heard, signs[number % 2]))
                await asyncio.sleep(1)
        return heard

    return asyncio.run(all_of_them())


class _Memory:
    """Watches the resident memory of a process and its children, in a thread."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._first = self._most = self._now()

    @property
    def growth_mb(self) -> float:
        return (self._most - self._first) / 1e6

    def _now(self) -> int:
        total = 0
        for process in [self._process, *self._process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            with contextlib.suppress(psutil.Error):
                self._most = max(self._most, self._now())

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def _logged(server: LiveServer) -> int:
    return sum(len(line.encode()) for line in server.log)


def _end(server: LiveServer) -> float:
    """Seconds from SIGTERM to the end; infinite if it had to be killed."""
    began = time.monotonic()
    server.process.terminate()
    try:
        server.process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        server.process.kill()
        return float("inf")
    return time.monotonic() - began


def _line(row: Row) -> str:
    said = ", ".join(f"{number} {code}" for code, number in row.beside.refused.most_common(3))
    return (
        f"{row.attack:16} {100 * row.idle.share:5.0f}% {100 * row.beside.share:5.0f}% "
        f"{row.idle.p95_ms:8.0f} {row.beside.p95_ms:8.0f} {row.slower:6.2f} "
        f"{row.growth_mb:8.0f} {row.log_mb:7.3f} {row.ends_s:6.1f}  {', '.join(row.faults) or 'holds'}"
        f"{f'  ({said})' if said else ''}"
    )


def _report(rows: list[Row], args: argparse.Namespace) -> None:
    print()
    print(f"{'attack':16} {'alone':>6} {'beside':>6} {'p95 ms':>8} {'beside':>8} {'times':>6}", end="")
    print(f" {'MB more':>8} {'log MB':>7} {'end s':>6}")
    for row in rows:
        print(_line(row))
    told = {
        "benchmark": "hostile",
        "cores": os.cpu_count(),
        "files": args.files,
        "seconds": args.seconds,
        "holds": sum(not row.faults for row in rows),
        "of": len(rows),
        "rows": {
            row.attack: {
                "answered_alone": round(row.idle.share, 3),
                "answered_beside": round(row.beside.share, 3),
                "p95_ms_alone": round(row.idle.p95_ms, 1),
                "p95_ms_beside": round(min(row.beside.p95_ms, 1e9), 1),
                "memory_growth_mb": round(row.growth_mb, 1),
                "log_mb": round(row.log_mb, 4),
                "end_s": round(min(row.ends_s, 1e9), 2),
                "faults": row.faults,
            }
            for row in rows
        },
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
