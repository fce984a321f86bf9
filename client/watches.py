"""The wire's types of watches and their events."""

import re
from typing import Annotated, Literal

import msgspec

from askcam.client.protocol import SeenWindow

Verdict = Literal["right", "wrong"]
MAX_NOTE = 500  # characters
NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # some databases have no place for these


class Reading(msgspec.Struct, frozen=True, omit_defaults=False):
    """One probability of a watch."""

    at: str  # RFC 3339, UTC: capture time of the newest frame it was read from
    probability: float


class EventFrame(msgspec.Struct, frozen=True, omit_defaults=False):
    """One of the frames that an event was decided from, as the model saw it."""

    at: str  # RFC 3339, UTC: capture time
    url: str | None = None  # a JPEG, relative to the server


class EventClip(msgspec.Struct, frozen=True, omit_defaults=False):
    """A few seconds of film, from before an event."""

    state: Literal["pending", "ready", "missing"]
    url: str | None = None  # an MP4, relative to the server; None: it is missing
    link: str | None = None  # the same for who has no token, whole, while it is not over; None: of a missing one
    start: str | None = None  # RFC 3339, UTC: when its first picture was captured; None until it is ready
    end: str | None = None  # ... and how long its last one is shown
    bytes: int | None = None
    why: str | None = None  # it is missing, or shorter than it should be


class WatchEvent(msgspec.Struct, frozen=True, omit_defaults=False):
    """A watch turned on or off, a text has changed, or something is with a watched camera. One of GET /v1/events."""

    id: int  # grows by one with each event; never used twice
    kind: Literal["on", "off", "changed", "camera_lost", "camera_back", "camera_unwell", "camera_well"]
    watch: str | None  # None: it is about the camera itself
    camera: str
    severity: Literal["info", "warning", "critical"]
    at: str  # RFC 3339, UTC: when it was decided
    frame_at: str | None  # capture time of the newest frame that it was decided from
    question: str | None = None
    answer: str | None = None  # the likeliest: "yes", "no", a choice, or a number; of a text: what it says now
    before_answer: str | None = None  # of a text: what it said before
    expected: float | None = None  # of a number: the mean over all that are likely
    probability: float | None = None  # at the decision, of what turns the watch on
    before: list[Reading] = []  # the last readings until then, the deciding one last
    after: list[Reading] = []  # the first ones since; they come in as they are read
    window: SeenWindow | None = None  # what the deciding reading saw
    reason: str | None = None  # why the camera is lost, or what is wrong with its picture
    frame_url: str | None = None  # a JPEG of that newest frame, relative to the server; None: it is not kept
    frames: list[EventFrame] = []  # up to 8 of the window, evenly, oldest first; none where they are not kept
    acknowledged_at: str | None = None  # RFC 3339, UTC: when somebody said that they have seen it
    clip: EventClip | None = None  # None: none is made of this camera's events
    verdict: Verdict | None = None  # what somebody has judged it to be: was it so?
    note: str | None = None  # what they wrote beside that
    judged_at: str | None = None  # RFC 3339, UTC: when they did
    object: str = "askcam.event"


class Judgement(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/events/{id}/judge. Raises ValueError."""

    verdict: Verdict | None  # None: what was said of it is taken back
    note: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] | None = None

    def __post_init__(self) -> None:
        self.note = (self.note or "").strip() or None
        if self.note is not None and self.verdict is None:
            raise ValueError("a note goes with a verdict: send right or wrong with it, or leave it out")
        if self.note is not None and NOT_TEXT.search(self.note):
            raise ValueError("a note is text: it has characters that cannot be shown; leave them out")


class Seen(msgspec.Struct, frozen=True, omit_defaults=False):
    """Of an event that was told before: somebody has acknowledged it, or has taken that back."""

    id: int
    acknowledged_at: str | None


class SeenList(msgspec.Struct, frozen=True):
    """The data of a message `acknowledged` of the stream of GET /v1/events."""

    data: list[Seen]
    object: str = "list"


class ClipOfEvent(msgspec.Struct, frozen=True, omit_defaults=False):
    """Of an event that was told before: its clip is there, or is known never to be."""

    id: int
    clip: EventClip


class ClipList(msgspec.Struct, frozen=True):
    """The data of a message `clip` of the stream of GET /v1/events."""

    data: list[ClipOfEvent]
    object: str = "list"


class Judged(msgspec.Struct, frozen=True, omit_defaults=False):
    """Of an event that was told before: somebody has judged it, or has taken that back."""

    id: int
    verdict: Verdict | None
    note: str | None
    judged_at: str | None


class JudgedList(msgspec.Struct, frozen=True):
    """The data of a message `judged` of the stream of GET /v1/events."""

    data: list[Judged]
    object: str = "list"


class EventList(msgspec.Struct, frozen=True):
    """GET /v1/events, newest first."""

    data: list[WatchEvent]
    has_more: bool  # ask again with ?before= the last one's id
    object: str = "list"


class WatchReadings(msgspec.Struct, frozen=True, omit_defaults=False):
    """What a watch has lately read at one camera, oldest first."""

    camera: str
    readings: list[Reading]


class WatchReadingsList(msgspec.Struct, frozen=True):
    """GET /v1/watches/{name}/readings."""

    data: list[WatchReadings]
    object: str = "list"


class WatchNow(msgspec.Struct, frozen=True, omit_defaults=False):
    """How a watch stands on one camera."""

    camera: str
    state: Literal["unknown", "off", "rising", "on", "falling", "settled", "changing"]  # the last two: of a text
    probability: float | None  # of the last reading
    answer: str | None  # its likeliest; of a text: what it says, as it was last told
    read_at: str | None  # RFC 3339, UTC: capture time of its newest frame
    trouble: str | None  # why there is no reading now, and what to do
    expected: float | None = None  # of a number: the mean over all that are likely
    since: str | None = None  # RFC 3339: since when it is on, or is not, as far as the server knows


class JudgedThreshold(msgspec.Struct, frozen=True, omit_defaults=False):
    """A higher `on` that would have kept back some of what was judged wrong, and nothing that was judged right."""

    on: float
    wrong: int  # that were judged so, and that it tells as it is set now
    wrong_kept_back: int  # of these, with the higher one
    right: int
    right_lost: int  # of those that were judged right: 0
    lost_at_most: float  # of what is right and comes yet, the share that would be lost: no more than this, in 95 of 100


class WatchJudged(msgspec.Struct, frozen=True, omit_defaults=False):
    """What people have judged of the times that a watch came true (a text: changed), as far as it would tell them as it
    is set now: how many of them, and how many were false alarms."""

    judged: int
    wrong: int
    since: str  # RFC 3339, UTC: when the oldest of them was decided
    proposed: JudgedThreshold | None = None


class WatchInfo(msgspec.Struct, frozen=True, omit_defaults=False):
    """One watch of GET /v1/watches: its setting, and how it stands on each of its cameras."""

    name: str
    origin: Literal["file", "api"]  # those of askcam.toml are changed there only
    question: str
    cameras: list[str]
    kind: Literal["yesno", "choice", "number", "text"]
    choices: list[str]
    on_when: list[str]
    every_s: float
    window_s: float
    on: float
    off: float
    for_s: float
    cooldown_s: float
    quiet: list[str]
    time_zone: str
    severity: Literal["info", "warning", "critical"]
    only_when_healthy: bool
    enabled: bool
    now: list[WatchNow]
    model: str | None = None  # which of the server's models looks; None: each camera's own
    zone: str | None = None  # which zone of each camera is looked at; None: all of its picture
    judged: WatchJudged | None = None  # None: nothing of it was judged
    object: str = "askcam.watch"


class WatchList(msgspec.Struct, frozen=True):
    data: list[WatchInfo]
    object: str = "list"


class WatchProposal(msgspec.Struct, frozen=True, omit_defaults=False):
    """A watch that a model or a viewer has proposed to make, or to remove, and that waits for an admin's yes."""

    id: str
    action: Literal["create", "remove"]
    name: str
    question: str | None = None  # of one that is to be made, as all that follows
    cameras: list[str] = []
    every_s: float | None = None
    for_s: float | None = None
    severity: Literal["info", "warning", "critical"] | None = None
    by_viewer: bool = False  # and not in an admin's conversation
    object: str = "askcam.watch_proposal"


class WatchProposalList(msgspec.Struct, frozen=True):
    """GET /v1/watches/proposals, the oldest first."""

    data: list[WatchProposal]
    object: str = "list"
