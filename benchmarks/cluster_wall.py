"""A front, two servers and the wall's cameras against a known truth, while servers and front are killed and stopped.

    python benchmarks/cluster_wall.py [--minutes 12] [--cameras 3] [--every-s 2] [--faults 12] [--silent-s 5]
           [--postgres] [--seed 0]

The cameras, their scripted scenes, the watches and the judging are wall.py's; front.toml has them, and who follows the
events does so at the front. One after the other a server is killed with -9, a server is stopped (SIGSTOP) for longer
than the front waits, and the front is killed with -9; what was killed is started again with the disk that it had. What
changed while nobody could look need not be told; of what stayed so, it must be, once, by whoever has the camera then.
A table, then one JSON line.
"""

import argparse
import contextlib
import itertools
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.front_tokens import OF_SHARDS, SHARD
from support.judging import Span
from support.servers.askcam_server import LiveServer, front_server, live_server
from support.servers.postgres import postgres
from support.waiting import until
from wall import SEEDS, WAIT_S, WATCH, Run
from wall_report import Outcome, delivery, report, seconds

NAMES = ("a", "b")
KINDS = ("kill", "stop", "front")
CALM_S = 15.0  # between two failures, once all is well again
STOPPED_S = 6.0  # beyond the time that the front waits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--cameras", type=int, default=3, choices=range(1, len(SEEDS) + 1))
    parser.add_argument("--every-s", type=float, default=2.0)
    parser.add_argument("--for-s", type=float, default=1.0)
    parser.add_argument("--limit-s", type=float, default=20.0, help="what is told later counts as missed and invented")
    parser.add_argument("--faults", type=int, default=12)
    parser.add_argument("--silent-s", type=float, default=5.0, help="[cluster] silent_s")
    parser.add_argument("--postgres", action="store_true", help="the table in a PostgreSQL that is started for it")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        run = ClusterRun(args, stack)
        outcome = run.outcome()
        asked = {"minutes": args.minutes, "cameras": args.cameras, "every_s": args.every_s, "silent_s": args.silent_s}
        fates = {f"delivered_{fate}": count for fate, count in sorted(run.fates().items())}
        report(outcome, {"wall": "cluster", **asked, "faults": dict(run.done), **fates}, delivered)


def delivered(outcome: Outcome) -> dict[str, Any]:
    """As of one server, but for numbers: the front's ids are its table's, with its key."""
    row = delivery(outcome)
    numbers = [one["id"] >> 20 for one in outcome.stored]
    return row | {"ids_consecutive": numbers == list(range(1, len(numbers) + 1))}


class ClusterRun(Run):
    """The same before a front. `server` is the front."""

    def __init__(self, args: argparse.Namespace, stack: contextlib.ExitStack) -> None:
        self.lives: dict[str, contextlib.ExitStack] = {}
        self.shards: dict[str, LiveServer] = {}
        self.moved: dict[str, list[Span]] = {}  # by camera, when nobody watched it
        self.done: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()  # of fronts that have ended
        super().__init__(args, stack)

    # -- instead of one server

    def _config(self) -> Path:
        table = f'database = "{self._database()}"' if self.args.postgres else 'folder = "table"'
        lines = [f"[cluster]\n{table}\nsilent_s = {self.args.silent_s:g}\n"]
        for camera in self.cameras:
            lines.append(f'[cameras.{camera.name}]\nuri = "{camera.server.url}"\n')
            for name, _, question in camera.watches:
                asked = {"every_s": self.args.every_s, "for_s": self.args.for_s}
                lines.append(WATCH.format(name=name, question=question, camera=camera.name, **asked))
        path = self.folder / "front.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        for name in NAMES:
            (self.folder / f"{name}.toml").write_text(f'[watching]\nfolder = "kept-{name}"\n')
        self.receiver = None  # each server notifies by itself
        return path

    def _database(self) -> str:
        return str(self.stack.enter_context(postgres()).database())

    def _serve(self, port: int) -> tuple[contextlib.ExitStack, LiveServer]:
        if not port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
        life = contextlib.ExitStack()
        front = life.enter_context(front_server({}, "--config", str(self.config), "--port", str(port), env=OF_SHARDS))
        for name in NAMES:
            if name not in self.shards:
                self.stack.callback(lambda name=name: self.lives[name].close())
                self._begin_shard(name, front.url)
        return life, front

    def _begin_shard(self, name: str, front: str) -> None:
        life = self.lives[name] = contextlib.ExitStack()
        config = ("--config", str(self.folder / f"{name}.toml"))
        flags = (*config, "--front", front, "--shard-name", name, "--threads", "1", "--power", "full")
        self.shards[name] = life.enter_context(live_server(*flags, env=SHARD))

    def _await_readings(self) -> None:
        until(lambda: len(self._owned()) == len(NAMES), "both servers", WAIT_S, 0.2)
        until(self._balanced, "cameras on both", WAIT_S, 1.0)
        self._await_reading_since(time.time(), [camera.name for camera in self.cameras])

    def _await_reading_since(self, since: float, cameras: list[str]) -> None:
        def all_read() -> bool:
            rows = [now for watch in self._get("/v1/watches")["data"] for now in watch["now"]]
            late = [now for now in rows if now["camera"] in cameras and not (now["read_at"] and _wall(now) > since)]
            return {now["camera"] for now in rows} >= set(cameras) and not late

        until(all_read, "a reading of every watch", WAIT_S, 0.1)

    def _balanced(self) -> bool:
        owned = self._owned()
        if sum(map(len, owned.values())) == len(self.cameras) and (len(self.cameras) == 1 or all(owned.values())):
            return True
        httpx.post(f"{self.server.url}/v1/shards/balance", timeout=60, trust_env=False).raise_for_status()
        return False

    def _owned(self) -> dict[str, list[str]]:
        return {row["name"]: row["owns"] for row in self._get("/v1/shards")["data"] if row.get("joined") == "live"}

    # -- what happens

    def _play(self) -> None:
        kinds = itertools.islice(itertools.cycle(KINDS), self.args.faults)
        for kind in kinds:
            if time.time() + CALM_S > self.begin + 0.85 * (self.end - self.begin):
                break
            time.sleep(CALM_S)
            self._fail(kind)
            self.done[kind] += 1
        time.sleep(max(0.0, self.end - time.time()))

    def _fail(self, kind: str) -> None:
        print(f"{time.time() - self.begin:6.1f} s  {kind}", file=sys.stderr, flush=True)
        name, cameras = max(self._owned().items(), key=lambda each: len(each[1]))
        began = time.time()
        match kind:
            case "front":
                self.counted += self._fates_now()
                self.server.process.kill()
                port = int(self.server.url.rpartition(":")[2])
                self.life.close()
                self.life, self.server = self._serve(port)
                self._await_reading_since(time.time(), [camera.name for camera in self.cameras])
            case "stop":
                self.shards[name].process.send_signal(signal.SIGSTOP)
                self._unwatched(cameras, began)
                time.sleep(max(0.0, began + self.args.silent_s + STOPPED_S - time.time()))
                self.shards[name].process.send_signal(signal.SIGCONT)
            case _:
                self.shards[name].process.kill()
                self._unwatched(cameras, began)
                self.lives[name].close()
                self._begin_shard(name, self.server.url)
        until(lambda: len(self._owned()) == len(NAMES), "both servers", WAIT_S, 0.2)
        if kind != "front":
            self._balance_anew()

    def _unwatched(self, cameras: list[str], since: float) -> None:
        """Until all of these were read again."""
        self._await_reading_since(since + 1.0, cameras)
        for camera in cameras:
            self.moved.setdefault(camera, []).append(Span(since, time.time()))

    def _balance_anew(self) -> None:
        """What moves is not watched meanwhile, either."""
        since, before = time.time(), self._owned()
        until(self._balanced, "cameras on both", WAIT_S, 1.0)
        after = self._owned()
        moved = [name for shard, names in after.items() for name in names if name not in before.get(shard, [])]
        if moved:
            self._unwatched(moved, since)

    def outcome(self) -> Outcome:
        for camera in self.cameras:
            camera.outages += self.moved.get(camera.name, [])
        return super().outcome()

    # -- what became of what was delivered

    def fates(self) -> Counter[str]:
        return self.counted + self._fates_now()

    def _fates_now(self) -> Counter[str]:
        text = httpx.get(f"{self.server.url}/metrics", timeout=60, trust_env=False).text
        return Counter(dict(_fates_in(text)))


def _fates_in(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        if line.startswith("askcam_front_events_total{"):
            yield line.split('"')[1], int(float(line.rpartition(" ")[2]))


def _wall(now: dict[str, Any]) -> float:
    return seconds(now["read_at"])


if __name__ == "__main__":
    main()
