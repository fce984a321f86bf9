"""Eight cameras with five watches each over real RTSP, against a known truth: what is told, what is not, how soon.

    python benchmarks/wall.py [--minutes 15] [--cameras 8] [--every-s 1] [--faults] [--seed 0]
    python benchmarks/wall.py --load [--rates 4,2,1.5,1,0.75,0.5] [--seconds 60]

Each camera is an RTSP server in a process of its own (H.264) that shows a scripted scene: three objects come and go at
known times, each for 14 to 40 s. Three watches ask for them in English, one for the first of them in Chinese, one for
an object that never comes; all of them things that the model knows (wall_scenes.py). One `askcam serve` with the
built-in model watches them; a reader follows its events, and a webhook is told, too.

--faults: RTSP servers are killed and brought back at random, the readers are away for a minute (a fifth of a shorter
run), and in the middle the server is killed with -9 and started again. What changed while nobody could look need not be
told; of what stayed so, it must be. --load: 16 in-process synthetic cameras (no RTSP), four watches each; finds the
shortest period at which no slot is skipped and few are late. Tables, then one JSON line.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import wall_load
from support.followers import Follower, Receiver
from support.judging import Rules, Span
from support.scripted import Script
from support.servers.askcam_server import LiveServer, live_server
from support.servers.running import MiniRTSP
from support.waiting import until
from wall_report import Outcome, Watched, report, stored
from wall_scenes import questions

SEEDS = (1000, 1003, 1004, 1005, 1006, 1007, 1008, 1009)  # as wall_scenes.py found them: 8 of the first 10
LEAD_S = 2.0  # from when all watches read until the scripts begin
WAIT_S = 180.0
DOWN_S = (4.0, 20.0)  # a camera is killed for so long
CALM_S = (20.0, 70.0)  # between two of its deaths
VIDEO = ("--fps", "8", "--gop", "8", "--kbps", "900")
SECRET = "whsec_" + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="

WATCH = """
[watches.{name}]
question = "{question}"
cameras = ["{camera}"]
every_s = {every_s}
for_s = {for_s}
"""


@dataclass
class Camera:
    name: str
    script: Script
    server: MiniRTSP
    outages: list[Span] = field(default_factory=list)
    down_since: float | None = None  # killed then, and not seen live since

    @property
    def watches(self) -> list[tuple[str, int, str]]:
        """(name, number of the object, question)."""
        return [(f"{self.name}-{name}", number, text) for name, number, text in questions(self.script)]

    def close(self) -> None:
        """End its process."""
        self.server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--cameras", type=int, default=len(SEEDS), choices=range(1, len(SEEDS) + 1))
    parser.add_argument("--every-s", type=float, default=1.0)
    parser.add_argument("--for-s", type=float, default=1.0)
    parser.add_argument("--limit-s", type=float, default=15.0, help="what is told later counts as missed and invented")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--rates", default="4,2,1.5,1,0.75,0.5", help="--load: periods in seconds, longest first")
    parser.add_argument("--seconds", type=float, default=60.0, help="--load: how long each period is tried")
    args = parser.parse_args()
    if args.load:
        wall_load.main([float(one) for one in args.rates.split(",")], args.seconds)
        return
    with contextlib.ExitStack() as stack:
        run = Run(args, stack)
        report(run.outcome(), {"minutes": args.minutes, "cameras": args.cameras, "faults": args.faults})


class Run:
    """One run, from the first process to the last; everything it starts ends with `stack`."""

    def __init__(self, args: argparse.Namespace, stack: contextlib.ExitStack) -> None:
        self.args, self.stack = args, stack
        self.chance = random.Random(f"askcam wall {args.seed}")
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askcam-wall-")))
        self.begin = self.end = 0.0  # of the scripts, seconds since the epoch; once all watches have read
        self.cameras = [stack.enter_context(contextlib.closing(one)) for one in self._cameras()]
        self.receiver: Receiver | None = stack.enter_context(Receiver())
        self.config = self._config()
        self.server_outages: list[Span] = []
        self.deaths = 0
        self.life, self.server = self._serve(0)
        stack.callback(lambda: self.life.close())
        self._await_readings()
        self.follower = stack.enter_context(Follower(self.server.url))
        self._begin()
        self._play()

    def _begin(self) -> None:
        self.begin = time.time() + LEAD_S
        self.end = self.begin + 60 * self.args.minutes
        for camera in self.cameras:
            camera.script = Script(camera.script.seed, self.begin)
        part = self._begun.with_suffix(".part")
        part.write_text(str(self.begin))
        part.rename(self._begun)
        print("all watches read; it begins", file=sys.stderr, flush=True)

    @property
    def _begun(self) -> Path:
        return self.folder / "begun"

    def _cameras(self) -> Iterator[Camera]:
        for number, seed in enumerate(SEEDS[: self.args.cameras]):
            script = Script(seed, self.begin)
            server = MiniRTSP(f"script:{script.seed}:{self._begun}", *VIDEO)
            server.start()
            yield Camera(f"cam{number}", script, server)

    def _config(self) -> Path:
        lines = ['[watching]\nfolder = "kept"\n']
        for camera in self.cameras:
            lines.append(f'[cameras.{camera.name}]\nuri = "{camera.server.url}"\n')
            for name, _, question in camera.watches:
                asked = {"every_s": self.args.every_s, "for_s": self.args.for_s}
                lines.append(WATCH.format(name=name, question=question, camera=camera.name, **asked))
        if self.receiver is not None:
            lines.append(f'[notify.wall]\nwebhook = "{self.receiver.url}"\nsecret = "{SECRET}"\n')
        path = self.folder / "askcam.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    def _serve(self, port: int) -> tuple[contextlib.ExitStack, LiveServer]:
        life = contextlib.ExitStack()
        return life, life.enter_context(live_server("--config", str(self.config), "--port", str(port)))

    def _await_readings(self) -> None:
        """Until every watch has read its camera once (a camera that is down now is not waited for)."""
        down = {camera.name for camera in self.cameras if camera.down_since is not None}

        def all_read() -> bool:
            watches = self._get("/v1/watches")["data"]
            return all(now["read_at"] for watch in watches for now in watch["now"] if now["camera"] not in down)

        until(all_read, "a reading of every watch", WAIT_S)

    def _get(self, path: str, **params: Any) -> Any:
        reply = httpx.get(self.server.url + path, params=params, timeout=60, trust_env=False)
        reply.raise_for_status()
        return reply.json()

    # -- what happens

    def _play(self) -> None:
        todo = sorted(self._faults(), key=lambda one: one[0]) if self.args.faults else []
        while (now := time.time()) < self.end:
            if todo and todo[0][0] <= now:
                _, what, camera = todo.pop(0)
                self._do(what, camera)
            self._look_after_cameras()
            time.sleep(0.2)
        if self.args.faults:
            self.follower.back()
        until(lambda: self._look_after_cameras() == 0, "all cameras", WAIT_S)

    def _faults(self) -> Iterator[tuple[float, str, Camera | None]]:
        """(when, what, which camera). All is well again in the last fifth."""
        length = self.end - self.begin
        last = self.begin + 0.8 * length
        for camera in self.cameras:
            at = self.begin + self.chance.uniform(*CALM_S)
            while (back := at + self.chance.uniform(*DOWN_S)) < last:
                yield at, "kill", camera
                yield back, "start", camera
                at = back + self.chance.uniform(*CALM_S)
        away_at = self.begin + 0.2 * length
        yield away_at, "away", None
        yield away_at + min(60.0, 0.2 * length), "back", None
        yield self.begin + 0.5 * length, "die", None

    def _do(self, what: str, camera: Camera | None) -> None:
        print(f"{time.time() - self.begin:6.1f} s  {what} {camera.name if camera else ''}", file=sys.stderr, flush=True)
        match what, camera:
            case "kill", Camera():
                camera.down_since = camera.down_since or time.time()
                camera.server.kill()
                self.deaths += 1
            case "start", Camera():
                camera.server.start()
            case "away", None:
                self._readers("away")
            case "back", None:
                self._readers("back")
            case _:
                self._die()

    def _readers(self, what: str) -> None:
        for reader in (self.follower, self.receiver):
            if reader is not None:
                getattr(reader, what)()

    def _die(self) -> None:
        port, died = int(self.server.url.rpartition(":")[2]), time.time()
        self.server.process.kill()
        self.life.close()
        self.life, self.server = self._serve(port)
        self._await_readings()
        self.server_outages.append(Span(died, time.time()))

    def _look_after_cameras(self) -> int:
        """Note which are live again; how many are not."""
        away = [camera for camera in self.cameras if camera.down_since is not None]
        if away:
            states = {one["name"]: one["state"] for one in self._get("/v1/cameras")["data"]}
            for camera in away:
                if camera.server.running and states[camera.name] == "live" and camera.down_since is not None:
                    camera.outages.append(Span(camera.down_since, time.time()))
                    camera.down_since = None
        return sum(camera.down_since is not None for camera in self.cameras)

    def outcome(self) -> Outcome:
        """Once the reader has heard what is kept, or half a minute has passed."""
        kept = stored(self._get)
        with contextlib.suppress(AssertionError):  # the report says what is missing
            until(lambda: len(self.follower.events) >= len(kept), "the reader", 30.0)
        watches = [
            Watched(name, camera.name, camera.script.changes[number], (*camera.outages, *self.server_outages))
            for camera in self.cameras
            for name, number, _ in camera.watches
        ]
        span = Span(self.begin, self.end)
        return Outcome(
            watches, span, self.args.for_s, Rules(self.args.limit_s), kept, self.follower, self.receiver, self.deaths
        )


if __name__ == "__main__":
    main()
