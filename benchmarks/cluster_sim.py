"""A thousand shards and 20,000 cameras in simulated time, by the product's own rules: what do failures cost?

    python benchmarks/cluster_sim.py [--shards 1000] [--cameras 20000] [--hours 0.25] [--seed 1]

One front with its table on disk (askcam.cluster: owners, placing, renewal, table; nothing of it is copied here), shards
with room for a quarter more than all cameras, in racks of 40, their clocks 1% apart; messages take 10 ms, one in a
hundred 1.5 s, one in 200 is lost. Processes are killed, stand still, or are wrongly said to be dead; racks are lost or
cut off from the front, one way or both; the front is started anew. Things come and go before the cameras; whoever
watches one tells its events by an outbox, and the front writes down those that pass the fence. (A camera whose next
owner failed too, or that waited for the front itself, is told apart, as of several failures at once.)

`without an owner`: seconds in which nobody watched a camera whose events count, from the failure on; a cut that was
over before anybody else had the camera is none, since what happened meanwhile counts. `told twice`: one change of a
camera that counts twice. `lost`: acknowledged and not on disk, never told at the end, or a camera whose last event is
not what is before it. Then one JSON line; it fails when anything was told twice or lost, a rack's loss left a camera
without an owner for more than 20 s, or more cameras moved than had to.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cluster_simulated.clock import Clock
from cluster_simulated.front import FrontSimulated
from cluster_simulated.gaps import SEVERAL, Gaps, at
from cluster_simulated.scenes import Scenes
from cluster_simulated.shards import ShardSimulated
from cluster_simulated.trouble import RACK, Trouble
from cluster_simulated.wires import Wires

BEGIN_S, QUIET_S = 60.0, 120.0  # until the first failure; after the last one, when all is whole again
RACK_SIZE = 40
AIM_S = 20.0


class Simulated:
    """All of it, in `hours` and a few minutes of its own time."""

    def __init__(self, num_shards: int, num_cameras: int, seed: int, folder: Path) -> None:
        rng = random.Random(seed)
        self.cameras = [f"cam{number}" for number in range(num_cameras)]
        self.clock, self.gaps = Clock(), Gaps()
        self.wires = Wires(self.clock, rng)
        self.scenes = Scenes(self.clock, rng, self.cameras)
        self.front = FrontSimulated(self.clock, self.wires, self.gaps, rng, folder)
        self.front.looks = self.looks
        capacity = max(1, -(-num_cameras * 5 // (num_shards * 4)))
        size = max(1, min(RACK_SIZE, num_shards // 10))
        shards = [
            ShardSimulated(
                f"s{number}", f"r{number // size}", capacity, self.clock, self.wires, self.front, self.scenes, rng,
                self.looks,
            )
            for number in range(num_shards)
        ]  # fmt: skip
        self.shards = {shard.name: shard for shard in shards}
        racks = [shards[first : first + size] for first in range(0, num_shards, size)]
        self.trouble = Trouble(self.clock, self.wires, self.front, self.gaps, racks, rng)
        self.begun_s = 0.0  # when every camera had its first owner
        self.front.start()
        self.front.want(self.cameras, len(racks))
        for shard in shards:
            self.clock.after(rng.uniform(0.0, 2.0), shard.start)

    def looks(self, camera: str) -> None:
        """Does whoever owns it watch it?"""
        owner = self.front.owners.owner_of(camera)
        shard = None if owner is None else self.shards[owner.shard]
        runs = shard is not None and shard.runs and not shard.stopped
        if owner is not None and shard is not None and runs and shard.watched.get(camera) == owner.epoch:
            self.gaps.end(camera, self.clock.now_s)
        elif self.clock.now_s > BEGIN_S:
            before = next((each.name for each in self.scenes.watchers[camera]), "" if shard is None else shard.name)
            self.gaps.begin(camera, self.clock.now_s, self.trouble.why.get(before, "moved"))

    def run(self, hours: float) -> None:
        self.clock.run(BEGIN_S)
        end_s = BEGIN_S + hours * 3600
        self.trouble.plan(BEGIN_S, end_s)
        self.clock.run(end_s)
        self.trouble.heal()
        self.clock.run(end_s + QUIET_S / 2)
        self.scenes.calm = True
        self.clock.run(end_s + QUIET_S)

    def lost(self) -> dict[str, int]:
        kept = {(event.shard, event.id) for event in self.front.table.following(0, 10**9)}
        acknowledged = {(shard.name, each) for shard in self.shards.values() for each in shard.acknowledged}
        wrong = 0
        for camera in self.cameras:
            last = self.front.table.newest(camera)
            wrong += (last is not None and json.loads(last.document)["there"]) != self.scenes.there[camera]
        return {
            "acknowledged_and_gone": len(acknowledged - kept),
            "never_told": sum(len(shard.outbox) for shard in self.shards.values()),
            "wrong_at_the_end": wrong,
            "without_an_owner_at_the_end": len(self.gaps.open),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shards", type=int, default=1000)
    parser.add_argument("--cameras", type=int, default=20_000)
    parser.add_argument("--hours", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        simulated = Simulated(args.shards, args.cameras, args.seed, Path(folder))
        simulated.run(args.hours)
        told = _figures(simulated) | {"took_s": round(time.monotonic() - begun, 1)}
        simulated.front.stop()
    print(json.dumps({"benchmark": "cluster_sim", **vars(args), **told}))
    racks_s = told["without_an_owner"][RACK].get("max_s", 0.0)
    if told["told_twice"] or any(told["lost"].values()) or racks_s > AIM_S or told["moves"]["for_each_that_had_to"] > 1:
        raise SystemExit(1)


def _figures(simulated: Simulated) -> dict[str, Any]:
    front, rows = simulated.front, dict[str, dict[str, float]]()
    print(f"{'without an owner, seconds':42} {'failures':>8} {'cameras':>8} {'p50':>7} {'p99':>7} {'max':>7}")
    for kind, times in [*simulated.trouble.times.items(), (SEVERAL, 0)]:
        seconds = sorted(simulated.gaps.seconds.get(kind, ()))
        rows[kind] = {"failures": times, "cameras": len(seconds)}
        if seconds:
            rows[kind] |= {"p50_s": round(at(seconds, 0.5), 2), "p99_s": round(at(seconds, 0.99), 2)}
            rows[kind] |= {"max_s": round(seconds[-1], 2)}
        cells = " ".join(f"{at(seconds, share):7.2f}" for share in (0.5, 0.99, 1.0)) if seconds else "   none" * 3
        print(f"{kind:42} {times:8} {len(seconds):8} {cells}")
    twice, lost = sum(1 for times in front.told.values() if times > 1), simulated.lost()
    per_second = sorted(front.messages.values())
    told: dict[str, Any] = {
        "without_an_owner": rows,
        "events": {fate.value: front.fates[fate] for fate in front.fates},
        "changes": {"all": simulated.scenes.changes, "while_nobody_watched": simulated.scenes.unwatched},
        "told_twice": twice,
        "lost": lost,
        "moves": {
            "had_to": front.had_to_move,
            "moved": front.moved,
            "drained": front.moved_at_will,
            "for_each_that_had_to": round(front.moved / max(1, front.had_to_move), 4),
        },
        "renewal_us": round(front.renewing_s / max(1, front.kinds["renewal"]) * 1e6, 1),
        "longest_decision_ms": round(front.longest_s * 1e3, 1),
        "messages_per_s": {
            "p50": at(per_second, 0.5), "p99": at(per_second, 0.99), "max": per_second[-1], **front.kinds,
        },
    }  # fmt: skip
    print(
        f"changes before cameras {simulated.scenes.changes}, events {told['events']}, told twice {twice}, lost {lost}"
    )
    print(f"moves {told['moves']}, messages a second at the front {told['messages_per_s']}")
    print(f"computed: {told['renewal_us']} us a renewal, {told['longest_decision_ms']} ms the longest other decision")
    return told


if __name__ == "__main__":
    main()
