"""What a shard and its front say to each other, as JSON: POST /v1/shards/join, renew, events and leave. Both read
them, and of fields that they do not know they take no notice: 0.1.4 and 0.1.7 go together."""

from typing import Annotated

import msgspec

from askcam.cluster.members import MAX_LABELS, MAX_TEXT, MAX_URL, Shard
from askcam.cluster.renewal import MAX_HOLDS, Orders, Renewal
from askcam.cluster.store import MAX_DELIVERIES, MAX_ID

MAX_REQUEST = 2 << 20  # bytes of what a shard says: a renewal of MAX_HOLDS cameras, each with what is wrong with it
MAX_REPLY = 24 << 20  # bytes of what it is told: MAX_HOLDS cameras, each with all that is said of it
MAX_TROUBLE = 300  # characters that a shard says of a camera which it cannot open

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Holds = Annotated[dict[Name, Number], msgspec.Meta(max_length=MAX_HOLDS)]
Troubles = Annotated[
    dict[Name, Annotated[str, msgspec.Meta(max_length=MAX_TROUBLE)]], msgspec.Meta(max_length=MAX_HOLDS)
]


class JoinShard(msgspec.Struct):
    """The body of POST /v1/shards/join: what a shard tells of itself, and the cameras that it has from a front."""

    name: Name
    url: Annotated[str, msgspec.Meta(max_length=MAX_URL)]  # where the front reaches it
    instance: Text  # another one with each start of its process
    model: Text
    version: Text
    capacity_cameras: Annotated[int, msgspec.Meta(ge=0)]
    labels: Annotated[list[Name], msgspec.Meta(max_length=MAX_LABELS)] = []
    holds: Holds = {}  # with their epochs

    def shard(self) -> Shard:
        return Shard(
            self.name,
            self.url,
            tuple(self.labels),
            self.capacity_cameras,
            instance=self.instance,
            model=self.model,
            version=self.version,
        )


class RenewShard(msgspec.Struct):
    """The body of POST /v1/shards/renew."""

    shard: Name
    instance: Text
    number: Number  # 1, 2, ... of this instance
    heard: Number  # the highest number whose answer it has heard
    holds: Holds = {}
    closed: Troubles = {}  # cameras of these that it cannot open, with why
    trouble: Troubles = {}  # cameras of these with which it cannot do all that is said of them, with what not

    def renewal(self) -> Renewal:
        return Renewal(self.shard, self.instance, self.number, self.heard, self.holds)


class LeaveShard(msgspec.Struct):
    """The body of POST /v1/shards/leave."""

    shard: Name
    instance: Text


class DeliveredEvent(msgspec.Struct):
    """An event, or what was read since it was delivered."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID)]  # delivery_id()
    camera: Name
    epoch: Number  # under which the shard had the camera
    watch: Annotated[str, msgspec.Meta(max_length=63)] | None
    kind: Annotated[str, msgspec.Meta(max_length=40)]
    severity: Annotated[str, msgspec.Meta(max_length=40)]
    at: float  # when it was decided, seconds since the epoch
    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # client.watches.WatchEvent; left out: it was told before
    after: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # what was read since, client.watches.Reading each


class EventShape(msgspec.Struct):
    """As much of an event as a front reads itself when it tells it: what is no such event is not taken."""

    at: str
    frames: list[dict[str, msgspec.Raw]] = []


class DeliverEvents(msgspec.Struct):
    """The body of POST /v1/shards/events: in the order in which they are to be told."""

    shard: Name
    instance: Text
    events: Annotated[list[DeliveredEvent], msgspec.Meta(max_length=MAX_DELIVERIES)]


class EventReceipt(msgspec.Struct):
    """What became of one of them: store.Fate. After each of them it need not be told again."""

    id: str
    fate: str


class EventReceipts(msgspec.Struct):
    """The answer: one for each, in their order."""

    receipts: list[EventReceipt]


def delivery_id(origin: str, number: int) -> str:
    """Of all a shard's events ever: of the database `origin`, the event `number` there."""
    return f"{origin}-{number}"


def number_there(delivery: str) -> int | None:
    """The event's number on its shard; None for an id that is none of delivery_id()."""
    number = delivery.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else None


class LastEvent(msgspec.Struct):
    """Of a camera that a shard is given: the last event of its kind of one watch, or of the camera itself."""

    kind: str
    watch: str | None
    at: float  # when it was decided, seconds since the epoch
    question: str | None = None
    answer: str | None = None


class LastEvents(msgspec.Struct):
    """What the front knows of a camera's past: `before` in its options."""

    yours: bool  # no other shard has had the camera since this one
    events: list[LastEvent] = []  # oldest first
    begun: dict[str, int] = {}  # by watch, of those made at the front: another number, another watch of that name


class ShardOrders(msgspec.Struct, omit_defaults=True):
    """What a shard is to do: the answer to joining (number 0) and to a renewal."""

    number: int
    silent_s: float  # of a shard that was silent for so long others may have the cameras
    hold: dict[str, int] | None = None  # all cameras that it is to hold, with their epochs; None: those that it holds
    options: dict[str, msgspec.Raw] = {}  # what is said of those that it holds not, or under another epoch
    promised: bool = True
    rejoin: bool = False

    def orders(self) -> Orders:
        return Orders(self.number, self.hold, self.promised, self.rejoin)
