"""What a front refuses, beside what every server does.

Unavailable
├── ShardDown         nothing answers there, or it has been silent for too long
│   └── ShardAway     it was lost long ago, and what is asked for may be there
├── ShardBroke        it answered, and broke off or said what no server of ours says
├── NoShard           none has joined yet
├── CameraMoving      its shard has it, and has not opened it yet
├── CameraClosed      its shard has it, and cannot open it
├── CameraUnplaced    no shard has room for it, or may have it
├── NotLeads          another front decides this
└── ShardRoles        it would do for a viewer what only an admin may
Conflict
├── CameraTwice       two shards have a camera of one name
└── WatchTwice        the same of a watch
Invalid
└── SeveralShards     what is asked for is not on one shard
"""

from collections.abc import Sequence

from askcam.server.errors import Conflict, Invalid, Unavailable

DOWN_S = 2.0  # seconds; a shard that is started again is asked once a second whether it is there
LEADS_S = 2.0  # seconds; a front that is lost is replaced by another one within some
MOST_NAMED = 5  # shards that one message names
UNPLACED_S = 5.0  # seconds; it has a shard as soon as there is one with room


class ShardDown(Unavailable):
    """Whatever is there stays there: it is not known no longer, as a 404 would say."""

    code = "shard_down"

    def __init__(self, shard: str, why: str) -> None:
        super().__init__(f"shard {shard!r} is down: {why}; it is tried again by itself", retry_after_s=DOWN_S)
        self.shard = shard


class ShardAway(ShardDown):
    """It was lost so long ago that it is not asked any more; what it keeps is there again when it is."""

    def __init__(self, *shards: str) -> None:
        """More than one: it is in one of these."""
        it = " or ".join(shards[:MOST_NAMED])
        super().__init__(it, f"it was lost, and may keep this; DELETE /v1/shards/{shards[0]} if it does not come back")


class ShardBroke(Unavailable):
    code = "shard_failed"

    def __init__(self, shard: str, why: str) -> None:
        super().__init__(f"shard {shard!r} failed: {why}", retry_after_s=DOWN_S)
        self.shard = shard


class NoShard(Unavailable):
    """Of a front that shards join: to come again helps as it does of one that is down."""

    code = ShardDown.code

    def __init__(self) -> None:
        super().__init__("no shard has joined yet: start one with askcam serve --front", retry_after_s=DOWN_S)


class CameraMoving(Unavailable):
    """To come again helps as it does of a shard that is down."""

    code = ShardDown.code

    def __init__(self, camera: str, shard: str) -> None:
        told = f"the camera {camera!r} is on shard {shard!r}, which is about to open it"
        super().__init__(told, retry_after_s=DOWN_S)


class CameraClosed(Unavailable):
    code = "camera_closed"

    def __init__(self, camera: str, shard: str, why: str) -> None:
        told = f"shard {shard!r}, which has the camera {camera!r}, cannot open it: {why}"
        super().__init__(told, retry_after_s=UNPLACED_S)


class CameraUnplaced(Unavailable):
    code = "camera_unplaced"

    def __init__(self, camera: str, why: str) -> None:
        super().__init__(f"the camera {camera!r} has no shard: {why}", retry_after_s=UNPLACED_S)


class NotLeads(Unavailable):
    code = "not_leading"

    def __init__(self, url: str, why: str = "") -> None:
        """`url`: where the front is that leads, as far as is known."""
        where = f"the front at {url} decides this: say it there" if url else "no front decides for the moment"
        super().__init__(f"{where}{why and f' ({why})'}", retry_after_s=LEADS_S)
        self.url = url


class ShardRoles(Unavailable):
    code = "shard_roles"
    try_again = False

    def __init__(self, shard: str, why: str) -> None:
        super().__init__(f"shard {shard!r} is not asked: {why}")


class CameraTwice(Conflict):
    code = "camera_ambiguous"

    def __init__(self, camera: str, shards: Sequence[str]) -> None:
        told = f"a camera {camera!r} is on several shards ({', '.join(shards)}): rename it in all configs but one"
        super().__init__(told, "model")


class WatchTwice(Conflict):
    code = "watch_ambiguous"

    def __init__(self, watch: str, shards: Sequence[str]) -> None:
        told = f"a watch {watch!r} is on several shards ({', '.join(shards)}): rename it on one, or change it there"
        super().__init__(told, "name")


class SeveralShards(Invalid):
    code = "several_shards"

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message, param)
