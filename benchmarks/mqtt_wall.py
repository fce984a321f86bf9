"""Watches against a known truth as a listener at an MQTT broker sees them, while server, broker and cameras are killed.

    python benchmarks/mqtt_wall.py [--minutes 15] [--cameras 2] [--every-s 1] [--kills 6] [--seed 0]

The cameras, their scripted scenes, the watches (five of each camera) and the judging are wall.py's. Who listens is told
what Home Assistant is told: a watch's state, where `status` and its `availability` are online, and nothing otherwise.
One after the other the server is killed with -9 and started again with the disk that it had, the broker is (which
forgets all), and a camera is killed for a while.

`recall`, `precision`, `delay`: of the states that the listener saw, by when they came. `told_events_*`: of the messages
at `askcam/event`. `stale_s`: for how long, after a camera or the server was killed, a state was still there to be
believed. Then one JSON line; it fails where an event is missing.
"""

import argparse
import contextlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.judging import Score, Span, Told, expected, judge, percentile
from support.servers.running import RunningBroker
from support.waiting import until
from wall import SEEDS, Camera, Run
from wall_report import Outcome, figures, line, short

KINDS = ("server", "broker", "camera")
CALM_S = 20.0  # between two of them, once all is well again
DOWN_S = 8.0  # a camera, or the broker, is away for so long
SEEN_S = 60.0  # beyond it a state that is still there counts as believed for good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--cameras", type=int, default=2, choices=range(1, len(SEEDS) + 1))
    parser.add_argument("--every-s", type=float, default=1.0)
    parser.add_argument("--for-s", type=float, default=1.0)
    parser.add_argument("--limit-s", type=float, default=15.0, help="what is told later counts as missed and invented")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.faults = False  # wall.py's own
    with contextlib.ExitStack() as stack:
        run = MqttRun(args, stack)
        row = run.told()
    print(
        json.dumps({"benchmark": "mqtt_wall", **{name: getattr(args, name) for name in ("minutes", "cameras")}, **row})
    )
    if row["told_events_missing"]:
        raise SystemExit(1)


class Listener:
    """What is to be believed of each watch, and since when. In a thread of its own; connects again by itself."""

    def __init__(self, port: int) -> None:
        self.lock = threading.Lock()
        self.seen: dict[str, list[tuple[float, str]]] = {}  # by watch: "ON", "OFF" or "" for nothing, and since when
        self._topics: dict[str, str] = {}
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, "listener")
        self._client.on_connect = lambda client, *_: client.subscribe("askcam/#", 1)
        self._client.on_disconnect = lambda *_: self._forget()
        self._client.on_message = lambda client, data, message: self._take(message.topic, message.payload)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.loop_stop()

    def believed(self) -> dict[str, str]:
        with self.lock:
            return {watch: rows[-1][1] for watch, rows in self.seen.items()}

    def rows(self) -> dict[str, list[tuple[float, str]]]:
        with self.lock:
            return {watch: list(rows) for watch, rows in self.seen.items()}

    def _forget(self) -> None:
        """Without its broker Home Assistant shows nothing."""
        with self.lock:
            self._topics.clear()
            for watch in self.seen:
                self._note(watch)

    def _take(self, topic: str, payload: bytes) -> None:
        if topic == "askcam/event" or topic.endswith("/picture"):
            return
        with self.lock:
            self._topics[topic] = payload.decode()
            if topic == "askcam/status":
                for watch in self.seen:
                    self._note(watch)
            elif topic.startswith("askcam/watch/"):
                watch = topic.removeprefix("askcam/watch/").rpartition("/")[0]
                self.seen.setdefault(watch, [(0.0, "")])
                self._note(watch)

    def _note(self, watch: str) -> None:
        there = [self._topics.get(topic) for topic in ("askcam/status", f"askcam/watch/{watch}/availability")]
        state = self._topics.get(f"askcam/watch/{watch}/state", "") if there == ["online", "online"] else ""
        if state != self.seen[watch][-1][1]:
            self.seen[watch].append((time.time(), state))


class MqttRun(Run):
    """wall.py's, with a broker, and who listens there."""

    def __init__(self, args: argparse.Namespace, stack: contextlib.ExitStack) -> None:
        self.broker = stack.enter_context(RunningBroker())
        self.listener = stack.enter_context(contextlib.closing(Listener(self.broker.port)))
        self.done: Counter[str] = Counter()
        self.stale_s: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self.broker_outages: list[Span] = []
        super().__init__(args, stack)

    def _config(self) -> Path:
        path = super()._config()
        with path.open("a", encoding="utf-8") as file:
            file.write(f'\n[mqtt]\nurl = "mqtt://guest@127.0.0.1:{self.broker.port}"\n')
        return path

    # -- what happens

    def _play(self) -> None:
        for number in range(self.args.kills):
            if time.time() + CALM_S > self.begin + 0.8 * (self.end - self.begin):
                break
            time.sleep(CALM_S)
            kind = KINDS[number % len(KINDS)]
            print(f"{time.time() - self.begin:6.1f} s  {kind} is killed", file=sys.stderr, flush=True)
            {"server": self._kill_server, "broker": self._kill_broker, "camera": self._kill_camera}[kind]()
            self.done[kind] += 1
        time.sleep(max(0.0, self.end - time.time()))

    def _kill_server(self) -> None:
        died = time.time()
        self._die()
        self._await_believed(self.cameras)
        self.server_outages[-1] = Span(died, time.time())
        self.stale_s["server"] += self._stale(self.cameras, died)

    def _kill_broker(self) -> None:
        died = time.time()
        self.broker.kill()
        time.sleep(DOWN_S)
        self.broker.start()
        self._await_believed(self.cameras)
        self.broker_outages.append(Span(died, time.time()))
        self.stale_s["broker"] += self._stale(self.cameras, died)

    def _kill_camera(self) -> None:
        camera, died = self.cameras[self.done["camera"] % len(self.cameras)], time.time()
        camera.server.kill()
        self.deaths += 1
        time.sleep(DOWN_S)
        camera.server.start()
        until(lambda: all(self._stale([camera], died)), "nothing to be believed", SEEN_S)
        self._await_believed([camera])
        camera.outages.append(Span(died, time.time()))
        self.stale_s["camera"] += self._stale([camera], died)

    def _places(self, cameras: Sequence[Camera]) -> list[str]:
        return [f"{name}/{camera.name}" for camera in cameras for name, _, _ in camera.watches]

    def _await_believed(self, cameras: Sequence[Camera]) -> None:
        places = self._places(cameras)

        def all_there() -> bool:
            believed = self.listener.believed()
            return all(believed.get(place) for place in places)

        until(all_there, "a state of every watch", 180.0, 0.1)

    def _stale(self, cameras: Sequence[Camera], died: float) -> list[float]:
        """By watch: how long after that moment something was still to be believed; 0 as long as that is so."""
        rows, found = self.listener.rows(), []
        for place in self._places(cameras):
            gone = [at for at, state in rows[place] if at >= died and not state]
            before = [state for at, state in rows[place] if at < died][-1]
            found.append((gone[0] - died if gone else 0.0) if before else 1e-9)
        return found

    # -- what came of it

    def told(self) -> dict[str, Any]:
        outcome = self.outcome()
        score = Score()
        for watch in outcome.watches:
            wanted = expected(watch.changes, [*watch.outages, *self.broker_outages], outcome.span, outcome.rules)
            one = judge(self._states(f"{watch.name}/{watch.camera}"), wanted)
            score.add(one)
            print(f"{watch.name:10}{line(one)}")
        print(f"{'all':10}{line(score)}\n")
        row = figures(score, outcome) | {"kills": dict(self.done), **self._events(outcome)}
        for kind, found in self.stale_s.items():
            row[f"stale_s_{kind}"] = [short(percentile(found, 0.5)), short(max(found, default=None))]
        for name, value in row.items():
            print(f"{name:28}{value}")
        return row

    def _states(self, place: str) -> list[Told]:
        """When what was believed last came to be otherwise; it begins with nothing there."""
        told, last = list[Told](), "OFF"
        for at, state in self.listener.rows().get(place, []):
            if state and state != last:
                told.append(Told(len(told), at, state == "ON"))
                last = state
        return told

    def _events(self, outcome: Outcome) -> dict[str, int]:
        wanted = {one["id"] for one in outcome.stored}
        with contextlib.suppress(AssertionError):  # the table says what is missing
            until(lambda: wanted <= {event["id"] for event in self.broker.taken}, "all events", 60.0)
        times = Counter(event["id"] for event in list(self.broker.taken))
        return {
            "told_events": len(wanted),
            "told_events_missing": len(wanted - times.keys()),
            "told_events_unknown": len(times.keys() - wanted),
            "told_events_twice": sum(count > 1 for count in times.values()),
        }


if __name__ == "__main__":
    main()
