"""Servers that joined a front, killed and stopped amid questions; and what the front adds to a first word.

    python benchmarks/cluster.py [--kill 8] [--stop 2] [--front 2] [--latency 200] [--cameras 4] [--silent 6]

Two servers with the built-in model join one front and are given its cameras, each of which is asked again and again by
an asker of its own. Of --kill times one of the servers is killed (SIGKILL), of --stop times it stands still (SIGSTOP)
until others have its cameras, of --front times the front itself is killed and started again. How long until each camera
that was there answers again, and how each answer ended: answered, refused or broken off with an error that says why,
or, which must not be, otherwise. Then first words of one camera, asked directly and through the front in turns. A
table, then one JSON line; exits with 1 for an answer that ended otherwise.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import httpx
from support.front_tokens import FRONT, SHARD, VIEWER
from support.servers.askcam_server import LiveServer, front_server, live_server
from support.waiting import until

ASKED: Any = [{"role": "user", "content": "What do you see?"}]
NAMES = ("a", "b")
LIMITS = "[limits]\nquestions_per_s = 1000\nquestions_burst = 1000\n"  # all askers here are one client
WAIT_S = 180.0
PAUSE_S = 0.05  # of an asker that was refused


@dataclass(frozen=True)
class Asked:
    camera: str
    began: float
    ended: float
    how: str  # answered, refused, broken, or what else came of it


@dataclass
class Askers:
    """One for each camera, which asks again as soon as it has its answer."""

    url: str
    cameras: Sequence[str]
    told: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, camera: str) -> None:
        headers = {"authorization": "Bearer front-viewer"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False) as http:
            while not self.over.is_set():
                began = time.monotonic()
                how = ask(http, camera)
                self.told.append(Asked(camera, began, time.monotonic(), how))
                if how != "answered":
                    self.over.wait(PAUSE_S)

    def back(self, camera: str, since: float) -> float | None:
        """When the first answer to a question that was asked after `since` had come."""
        ends = [each.ended for each in list(self.told) if each.camera == camera and each.began > since]
        hows = [each.how for each in list(self.told) if each.camera == camera and each.began > since]
        return next((end for end, how in zip(ends, hows, strict=False) if how == "answered"), None)


def ask(http: httpx.Client, camera: str) -> str:
    """How an answer ended, each of which has one end."""
    body = {"model": camera, "messages": ASKED, "stream": True, "max_tokens": 12}
    try:
        with http.stream("POST", "/v1/chat/completions", json=body) as reply:
            if reply.status_code != 200:
                error = json.loads(reply.read())["error"]
                return "refused" if error["code"] and error["message"] else f"an error without words: {error}"
            said = [line.removeprefix("data: ") for line in reply.iter_lines() if line.startswith("data: ")]
    except httpx.ConnectError:
        return "no front"
    except httpx.TransportError as exc:
        return "cut" if isinstance(exc, httpx.RemoteProtocolError | httpx.ReadError) else f"{exc!r}"
    except (ValueError, LookupError) as exc:
        return f"no answer of ours: {exc!r}"
    if said and said[-1] == "[DONE]":
        ends = sum(1 for each in said[:-1] for one in json.loads(each).get("choices", []) if one.get("finish_reason"))
        return "answered" if ends == 1 else f"{ends} ends"
    return "broken" if said and "error" in json.loads(said[-1]) else "no end"


@dataclass
class Cluster:
    """A front whose address stays, and the servers before which it stands."""

    folder: Path
    port: int
    stack: contextlib.ExitStack
    cameras: Sequence[str]
    front: LiveServer | None = None
    shards: dict[str, LiveServer] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begin_front(self) -> None:
        told = front_server({}, "--config", str(self.folder / "front.toml"), "--port", str(self.port), env=FRONT)
        self.front = self.stack.enter_context(told)

    def begin_shard(self, name: str) -> None:
        config = str(self.folder / "shard.toml")
        flags = ("--config", config, "--front", self.url, "--shard-name", name, "--threads", "1", "--power", "full")
        self.shards[name] = self.stack.enter_context(live_server(*flags, env=SHARD))

    def owned(self) -> dict[str, list[str]]:
        """By server that is there, its cameras."""
        headers = {"authorization": "Bearer front-viewer"}
        rows = httpx.get(f"{self.url}/v1/shards", headers=headers, timeout=60).json()["data"]
        return {row["name"]: row["owns"] for row in rows if row.get("joined") == "live"}

    def settle(self) -> None:
        """Both are there, and have cameras."""
        until(lambda: len(self.owned()) == len(NAMES), "both servers", WAIT_S, 0.1)
        until(lambda: sum(map(len, self.owned().values())) == len(self.cameras), "an owner for each", WAIT_S, 0.1)
        until(self._balanced, "cameras on both", WAIT_S, 1.0)

    def _balanced(self) -> bool:
        owned = self.owned()
        if len(owned) == len(NAMES) and all(owned.values()):
            return True
        headers = {"authorization": "Bearer front-admin"}
        httpx.post(f"{self.url}/v1/shards/balance", headers=headers, timeout=60).raise_for_status()
        return False


@contextlib.contextmanager
def cluster_of(cameras: Sequence[str], silent_s: float) -> Iterator[Cluster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        tables = [f'[cameras.{name}]\nuri = "synthetic:{place}"\nfps = 1' for place, name in enumerate(cameras, 1)]
        text = "\n".join([f'{LIMITS}[cluster]\nfolder = "table"\nsilent_s = {silent_s:g}', *tables])
        (Path(folder) / "front.toml").write_text(text)
        (Path(folder) / "shard.toml").write_text(LIMITS)
        made = Cluster(Path(folder), port, stack, cameras)
        made.begin_front()
        for name in NAMES:
            made.begin_shard(name)
        made.settle()
        yield made


def all_back(askers: Askers, cameras: Sequence[str], since: float) -> list[float]:
    """Seconds until each of these cameras answered again."""
    until(lambda: all(askers.back(each, since) for each in cameras), "answers of all", WAIT_S, 0.02)
    return [(askers.back(each, since) or since) - since for each in cameras]


def fail(cluster: Cluster, askers: Askers, kind: str) -> list[float]:
    """Have one thing fail, and put it right again; seconds without an answer, of each camera that was there."""
    cluster.settle()
    all_back(askers, cluster.cameras, time.monotonic())
    name, cameras = max(cluster.owned().items(), key=lambda each: len(each[1]))
    since = time.monotonic()
    if kind == "front":
        assert cluster.front is not None
        cluster.front.process.kill()
        cluster.front.process.wait(20)
        cluster.begin_front()
        return all_back(askers, cluster.cameras, since)
    process = cluster.shards[name].process
    process.send_signal(signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
    found = all_back(askers, cameras, since)
    if kind == "kill":
        process.wait(20)
        cluster.begin_shard(name)
    else:
        process.send_signal(signal.SIGCONT)
    return found


def first_word_ms(http: httpx.Client, camera: str) -> float:
    began = time.perf_counter()
    body = {"model": camera, "messages": ASKED, "stream": True, "max_tokens": 2}
    first = 0.0
    with http.stream("POST", "/v1/chat/completions", json=body) as reply:
        reply.raise_for_status()
        for line in reply.iter_lines():  # to its end, so that the next question finds an idle model
            if not first and line.startswith("data: {") and says(json.loads(line.removeprefix("data: "))):
                first = (time.perf_counter() - began) * 1000
    assert first, "no word came"
    return first


def says(chunk: Any) -> bool:
    """Whether there is a word in it."""
    return any(choice["delta"].get("content") for choice in chunk.get("choices", []))


def latency(cluster: Cluster, turns: int) -> dict[str, float]:
    """Medians, milliseconds, of a first word directly and through the front, in turns."""
    name, cameras = max(cluster.owned().items(), key=lambda each: len(each[1]))
    direct = httpx.Client(base_url=cluster.shards[name].url, headers={"authorization": f"Bearer {VIEWER}"}, timeout=60)
    routed = httpx.Client(base_url=cluster.url, headers={"authorization": "Bearer front-viewer"}, timeout=60)
    found: dict[str, list[float]] = {"direct": [], "routed": []}
    with direct, routed:
        for turn in range(turns + 1):  # the first does not count
            for way, http in (("direct", direct), ("routed", routed)):
                taken = first_word_ms(http, cameras[0])
                found[way] += [taken] if turn else []
    told = {f"{way}_ms": round(statistics.median(each), 2) for way, each in found.items()}
    return told | {"routed_by_direct": round(told["routed_ms"] / told["direct_ms"], 3)}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kill", type=int, default=8)
    parser.add_argument("--stop", type=int, default=2)
    parser.add_argument("--front", type=int, default=2)
    parser.add_argument("--latency", type=int, default=200, help="turns")
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--silent", type=float, default=6.0, help="[cluster] silent_s")
    options = parser.parse_args()
    cameras = [f"c{number}" for number in range(1, options.cameras + 1)]
    report: dict[str, Any] = {"benchmark": "cluster", "cores": os.cpu_count(), "silent_s": options.silent}
    with cluster_of(cameras, options.silent) as cluster:
        askers = Askers(cluster.url, cameras)
        threads = [threading.Thread(target=askers.run, args=(camera,), daemon=True) for camera in cameras]
        for thread in threads:
            thread.start()
        try:
            for kind in ("kill", "stop", "front"):
                seconds = sorted(each for _ in range(getattr(options, kind)) for each in fail(cluster, askers, kind))
                if seconds:
                    report[kind] = {"cameras": len(seconds), **spread(seconds)}
                    print(f"{kind:8s}", report[kind], flush=True)
            cluster.settle()
        finally:
            askers.over.set()
            for thread in threads:
                thread.join(60)
        report["answers"] = dict(Counter(each.how for each in askers.told))
        print("answers ", report["answers"], flush=True)
        if options.latency:
            report["first_word"] = latency(cluster, options.latency)
            print("latency ", report["first_word"], flush=True)
    print(json.dumps(report))
    known = {"answered", "refused", "broken"} | ({"no front", "cut"} if options.front else set())
    sys.exit(1 if report["answers"].keys() - known else 0)


def spread(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "p50_s": round(statistics.median(seconds), 2),
        "p95_s": round(seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))], 2),
        "max_s": round(seconds[-1], 2),
    }


if __name__ == "__main__":
    main()
