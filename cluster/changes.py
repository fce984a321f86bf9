"""What the rules decide, as values: those that the table keeps, and those that are only to be told."""

import enum
from dataclasses import dataclass

from askcam.cluster.members import CameraWish, Owner, Shard, WatchWish


class Why(enum.StrEnum):
    """Why a camera that is wanted has no live owner."""

    NO_SHARD = "no_shard"  # there is none that lives
    FULL = "full"  # those where it may be have no room
    NO_MATCH = "no_match"  # none that lives has the name or the label that it asks for


@dataclass(frozen=True, slots=True)
class Wanted:
    """Kept: this camera is to be watched; it may have been wanted before, elsewhere."""

    wish: CameraWish


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Kept: nobody wants this camera any more. Whoever owned it owns it no longer."""

    camera: str


@dataclass(frozen=True, slots=True)
class WatchWanted:
    """Kept: a watch as it is from now on, new or not."""

    watch: WatchWish


@dataclass(frozen=True, slots=True)
class WatchUnwanted:
    """Kept: nobody wants this watch any more."""

    name: str


@dataclass(frozen=True, slots=True)
class ShardChanged:
    """Kept: a shard as it is from now on, new or not."""

    shard: Shard


@dataclass(frozen=True, slots=True)
class ShardForgotten:
    """Kept: a lost shard that owns nothing is known no longer, but that what it keeps may come back with it."""

    name: str


@dataclass(frozen=True, slots=True)
class ShardRemoved:
    """Kept: a shard that is forgotten does not come back, nor does what it kept."""

    name: str


@dataclass(frozen=True, slots=True)
class Granted:
    """Kept: from now on this is the camera's owner, and nobody else's events of it count."""

    owner: Owner
    taken_from: str = ""  # the shard that owned it before; "" if none did


@dataclass(frozen=True, slots=True)
class Released:
    """Kept: the process that owned it is gone and another has its name. Nobody owns the camera, until it is granted."""

    owner: Owner


@dataclass(frozen=True, slots=True)
class Revoked:
    """To be told: this owner is to let go of its camera. It owns it until another is granted it, or nobody wants it."""

    owner: Owner
    why: str


@dataclass(frozen=True, slots=True)
class Unplaced:
    """To be told: a camera has no live owner, and none can be given to it for now."""

    camera: str
    why: Why


Kept = (
    Wanted | Unwanted | WatchWanted | WatchUnwanted | ShardChanged | ShardForgotten | ShardRemoved | Granted | Released
)
Change = Kept | Revoked | Unplaced


@dataclass(frozen=True, slots=True)
class KeptTable:
    """All that a front must not forget."""

    epoch: int = 0  # the highest that was ever granted
    shards: tuple[Shard, ...] = ()
    wishes: tuple[CameraWish, ...] = ()
    owners: tuple[Owner, ...] = ()
    forgotten: tuple[str, ...] = ()  # names of shards that may come back with what they keep; the oldest first
    watches: tuple[WatchWish, ...] = ()
