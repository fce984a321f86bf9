"""What a front and its starter, a process of its own, say to each other: a line of JSON each."""

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

MODULE = "askcam.cluster.starting.program"  # the starter
MAX_LINE = 1 << 20  # bytes; 64 shards say 64 KiB at most
MAX_WHY = 400  # characters of what is told of one shard
BEAT_S = 2.0  # the longest that a starter says nothing


@dataclass(frozen=True, slots=True)
class ShardLaunch:
    """How one shard is started. Its environment holds tokens: it is neither printed nor put on a command line."""

    name: str
    flags: list[str]  # of `askcam serve`
    env: dict[str, str] = field(repr=False)
    gpus: float = 0.0
    cpus: float = 1.0


class Order(msgspec.Struct, frozen=True):
    """The first and only thing that a starter is told: have these shards run, or `stop` them all and end."""

    name: str  # before the numbers of the shards; whoever starts some by the same name has the same ones
    folder: str  # where the starter keeps what it has to remember
    address: str | None = None
    launches: list[ShardLaunch] = []
    stop: bool = False


class ShardPhase(StrEnum):
    """Of a shard, as whoever started it knows it."""

    STARTING = "starting"  # its process is not there yet
    RUNNING = "running"
    DOWN = "down"  # its process is there no more; another one is started after a pause


class StartedShard(msgspec.Struct, frozen=True):
    name: str
    phase: ShardPhase
    starts: int = 0  # processes so far
    why: str = ""  # what it waits for, or how the last one ended
    again_s: float = 0.0  # while it is down: the pause before the next


class Fleet(msgspec.Struct, frozen=True):
    """All shards, as of a `number` that grows with each change."""

    number: int = 0
    shards: list[StartedShard] = []
    ordered: bool = False  # whether anybody has said what is to run
    stopped: bool = False  # they were ended, and are not started again


class StarterNews(msgspec.Struct, frozen=True):
    """What a starter says, each time all of it. `trouble`: why it can do nothing just now."""

    fleet: Fleet | None = None
    trouble: str = ""
    doing: str = ""  # what takes its time
    done: bool = False  # of an order to stop


def first_line(exc: Exception) -> str:
    """What went wrong, of errors that tell pages."""
    return next(filter(None, str(exc).splitlines()), type(exc).__name__)[:MAX_WHY]
