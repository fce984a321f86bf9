"""A shard: the product's own lease, an outbox on its disk, and cameras that it watches."""

import json
import random
from collections.abc import Callable

from cluster_simulated.clock import Clock
from cluster_simulated.front import FrontSimulated, States
from cluster_simulated.scenes import Scenes
from cluster_simulated.wires import Wires

from askcam.cluster.members import Shard
from askcam.cluster.renewal import RENEW_S, Lease, Orders
from askcam.cluster.store import Delivery, Fate, Receipt

BEGIN_S = (1.0, 2.5)  # from a grant until a camera is watched
AGAIN_S = 2.0  # an answer to a delivery is waited for
BATCH = 64  # events of one delivery


class ShardSimulated:
    def __init__(
        self, name: str, rack: str, capacity: int, clock: Clock, wires: Wires, front: FrontSimulated, scenes: Scenes,
        rng: random.Random, looks: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.name, self._rack, self._capacity = name, rack, capacity
        self._clock, self._wires, self._front, self._scenes, self._rng = clock, wires, front, scenes, rng
        self._looks = looks  # called with cameras that are watched from now on, or no longer
        self.runs = self.stopped = False
        self.instance = 0
        self.outbox: dict[str, Delivery] = {}
        self.acknowledged: list[str] = []
        self.raised = 0
        self._rate = rng.uniform(0.99, 1.01)  # of its clock
        self.watched: dict[str, int] = {}  # with epochs
        self._was_there: dict[str, tuple[int, bool]] = {}  # by camera: under which epoch, what was told last
        self._delivering = 0.0

    def start(self) -> None:
        """A new process. What the one before it left to be told comes first; then it joins."""
        if self.runs:
            return
        self.runs, self.stopped = True, False
        self.instance += 1
        self._lease = Lease(self.name, str(self.instance), self._now_s)
        self._joined = False
        self._was_there = {}
        self._delivering = -1.0
        self._deliver()
        self._second(self.instance, 0 if not self.outbox else 5)

    def end(self) -> None:
        """It is killed."""
        self.runs = False
        for camera in list(self.watched):
            self._unwatch(camera)

    def stop(self) -> None:
        """It stands still."""
        self.stopped = True
        for camera in self.watched:
            self._looks(camera)

    def go_on(self) -> None:
        self.stopped = False
        if self.runs:
            for camera in list(self.watched):
                self.sees(camera)
                self._looks(camera)

    @property
    def _now_s(self) -> float:
        return self._clock.now_s * self._rate

    def _second(self, instance: int, wait: int) -> None:
        """`wait`: seconds that it still waits for what is to be told, before it joins."""
        if not self.runs or instance != self.instance:
            return
        self._clock.after(RENEW_S / self._rate, self._second, instance, max(0, wait - 1))
        if self.stopped or (wait and self.outbox):
            return
        if self._joined:
            self._wires.up(self.name, self._front.renews, self._lease.renewal(self._now_s), self._hears(instance))
        else:
            self._lease.joining(self._now_s)
            labels, url = (f"rack={self._rack}",), f"http://{self.name}:8400"
            shard = Shard(self.name, url, labels, self._capacity, instance=str(instance), model="demo", version="0.1.0")
            self._wires.up(self.name, self._front.joins, shard, dict(self._lease.holds), self._hears(instance))

    def _hears(self, instance: int) -> Callable[[Orders, States], None]:
        def hear(orders: Orders, states: States) -> None:
            if not self.runs or self.stopped or instance != self.instance:
                return
            steps = self._lease.hear(orders)
            self._joined = self._joined and not steps.rejoin if orders.number else True
            for camera, epoch in steps.begin.items():
                self._unwatch(camera)
                if self._was_there.get(camera, (0, False))[0] != epoch:
                    self._was_there[camera] = (epoch, states.get(camera, False))
                self._clock.after(self._rng.uniform(*BEGIN_S), self._begun, instance, camera, epoch)
            for camera in steps.end:
                self._unwatch(camera)
                self._let_go(camera)

        return hear

    def _begun(self, instance: int, camera: str, epoch: int) -> None:
        current = self.runs and instance == self.instance and self._lease.holds.get(camera) == epoch
        if current and camera not in self.watched and not self._lease.is_ending(camera):
            self.watched[camera] = epoch
            self._scenes.watchers[camera].append(self)
            self.sees(camera)
            self._looks(camera)

    def _unwatch(self, camera: str) -> None:
        if self.watched.pop(camera, None) is not None:
            self._scenes.watchers[camera].remove(self)
            self._looks(camera)

    def _let_go(self, camera: str) -> None:
        """When what is to be told of it was told."""
        if self._lease.is_ending(camera) and not any(event.camera == camera for event in self.outbox.values()):
            self._lease.released(camera)

    def sees(self, camera: str) -> None:
        """What is before a camera that it watches; an event, if that differs from what was told last."""
        if self.stopped:
            return
        epoch, was_there = self._was_there[camera]
        there = self._scenes.there[camera]
        if there != was_there:
            self._was_there[camera] = (epoch, there)
            self.raised += 1
            event_id = f"{self.instance}-{self.raised}"
            document = json.dumps({"there": there, "number": self._scenes.number[camera]}).encode()
            self.outbox[event_id] = Delivery(event_id, camera, epoch, document)
            self._deliver()

    def _deliver(self, sent_s: float | None = None) -> None:
        """The oldest first, one delivery at a time; anew when no answer came."""
        if not self.runs or not self.outbox or (sent_s is not None and sent_s != self._delivering):
            return
        if sent_s is None and self._delivering >= 0.0:
            return
        self._delivering = self._clock.now_s
        if not self.stopped:
            events = list(self.outbox.values())[:BATCH]
            self._wires.up(self.name, self._front.delivers, self.name, events, self._receives(self.instance))
        self._clock.after(AGAIN_S, self._deliver, self._delivering)

    def _receives(self, instance: int) -> Callable[[list[Receipt]], None]:
        def receive(receipts: list[Receipt]) -> None:
            if not self.runs or self.stopped or instance != self.instance:
                return
            ended = set()
            for receipt in receipts:
                event = self.outbox.pop(receipt.id, None)
                if event is not None:
                    ended.add(event.camera)
                    if receipt.fate in (Fate.COMMITTED, Fate.AGAIN):
                        self.acknowledged.append(receipt.id)
            for camera in ended:
                self._let_go(camera)
            self._delivering = -1.0
            self._deliver()

        return receive
