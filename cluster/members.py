"""What the table is about: shards, the cameras that somebody wants, and who owns each. Values only."""

import enum
import re
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from askcam.server.camera_names import check_name
from askcam.server.errors import Invalid

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
LABEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}(=[a-z0-9][a-z0-9_.-]{0,62})?")
MAX_LABELS = 16
MAX_URL = 2048  # characters
MAX_TEXT = 200  # characters of an instance, a model, a version
MAX_CAPACITY = 1024  # cameras of one shard
MAX_OPTIONS = 16 << 10  # bytes of what is told of one camera
RACK = "rack"  # the label (rack=r7) by which cameras that are to be apart are spread


class ShardState(enum.StrEnum):
    """What may be given to a shard, and whether it is there."""

    LIVE = "live"  # it renews, and takes cameras
    DRAINING = "draining"  # it renews, gives its cameras away and takes no others
    LOST = "lost"  # it left, was said dead, or is silent: what it owns may be granted to others


class Transition(enum.Enum):
    """What changes a shard's state."""

    JOINED = enum.auto()  # again, the same process
    DRAINED = enum.auto()
    GONE = enum.auto()


NEXT = {
    ShardState.LIVE: {
        Transition.JOINED: ShardState.LIVE,
        Transition.DRAINED: ShardState.DRAINING,
        Transition.GONE: ShardState.LOST,
    },
    ShardState.DRAINING: {
        Transition.JOINED: ShardState.DRAINING,
        Transition.DRAINED: ShardState.DRAINING,
        Transition.GONE: ShardState.LOST,
    },
    ShardState.LOST: {
        Transition.JOINED: ShardState.LIVE,
        Transition.DRAINED: ShardState.LOST,
        Transition.GONE: ShardState.LOST,
    },
}


@dataclass(frozen=True, slots=True)
class Shard:
    """An ordinary server that cameras are given to, as it tells of itself."""

    name: str
    url: str  # http(s), where the front reaches it; holds no secrets
    labels: tuple[str, ...] = ()  # "gpu", "rack=r7"
    capacity_cameras: int = 1
    state: ShardState = ShardState.LIVE
    instance: str = ""  # another one with each start of its process
    model: str = ""  # by which it answers
    version: str = ""  # of askcam
    lost_why: str = ""  # in words, while it is LOST

    @property
    def rack(self) -> str:
        """What goes down together: the value of its label `rack`, or the shard by itself."""
        rack = next((label for label in self.labels if label.startswith(f"{RACK}=")), None)
        return f"shard {self.name}" if rack is None else rack

    def fits(self, only: str) -> bool:
        """Whether a camera that asks for `only` (a shard's name or a label; "" for any) may be here."""
        return not only or only == self.name or only in self.labels

    def after(self, transition: Transition, why: str = "") -> "Shard":
        """The same shard in its next state; the one place where that is decided."""
        state = NEXT[self.state][transition]
        return replace(self, state=state, lost_why=why if state is ShardState.LOST else "")

    def check(self) -> None:
        """Raise Invalid unless it may be taken in as it tells of itself."""
        if not NAME.fullmatch(self.name):
            raise Invalid(f"{self.name!r} cannot be a shard's name: use up to 63 of a-z, 0-9, '-', '_', '.'", "name")
        _check_url(self.url)
        if len(self.labels) > MAX_LABELS:
            raise Invalid(f"shard {self.name} has {len(self.labels)} labels: {MAX_LABELS} at most", "labels")
        for label in self.labels:
            if not LABEL.fullmatch(label):
                raise Invalid(
                    f"{label!r} cannot be a label: write gpu, or rack=r7, of a-z, 0-9, '-', '_', '.'", "labels"
                )
        if not 0 <= self.capacity_cameras <= MAX_CAPACITY:
            told = f"shard {self.name} tells room for {self.capacity_cameras} cameras: 0 to {MAX_CAPACITY} are taken"
            raise Invalid(told, "capacity_cameras")
        for each in ("instance", "model", "version"):
            if not 0 < len(getattr(self, each)) <= MAX_TEXT:
                raise Invalid(f"shard {self.name} must tell its {each}, in up to {MAX_TEXT} characters", each)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fit = False
    if not fit or len(url) > MAX_URL or "@" in url:
        raise Invalid(
            "a shard's url must be like http://gpu1:8400, without name and password: its token is given in the "
            "front's configuration or environment",
            "url",
        )


@dataclass(frozen=True, slots=True)
class CameraWish:
    """A camera that somebody wants watched."""

    name: str
    only: str = ""  # the shard, or the label, where it may be; "": anywhere
    apart: str = ""  # cameras of one such word are spread over racks; "": nobody minds
    options: str = field(default="", repr=False)
    """What its owner is told of it: JSON, whatever that is. It holds its address, which may hold a password."""

    def check(self) -> None:
        """Raise Invalid unless it can be wanted."""
        check_name(self.name)
        if self.only and not LABEL.fullmatch(self.only):
            raise Invalid(f"only = {self.only!r} of camera {self.name}: name a shard, or one of its labels", "only")
        if self.apart and not NAME.fullmatch(self.apart):
            raise Invalid(f"apart = {self.apart!r} of camera {self.name}: use a-z, 0-9, '-', '_', '.'", "apart")
        if (num := len(self.options.encode())) > MAX_OPTIONS:
            raise Invalid(f"what is said of camera {self.name} has {num} bytes: {MAX_OPTIONS} are kept", "name")


@dataclass(frozen=True, slots=True)
class WatchWish:
    """A watch that somebody has made at the front, of cameras that are given to shards."""

    name: str
    cameras: tuple[str, ...]
    setting: str  # what it is told to do, JSON, as [watches.NAME] has it, without its cameras
    begun: int = 0  # what was told under this epoch and earlier ones was told of another watch


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a camera. No two grants, of whatever cameras, have one epoch; a later grant has a higher one."""

    camera: str
    shard: str
    epoch: int
    since: float  # seconds of the front's clock; the front's start, where it was granted before that
