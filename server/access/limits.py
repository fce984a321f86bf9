"""How much one server takes on. Every number is a bound with a clear refusal behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

from askcam.server.access.rates import Rate
from askcam.server.errors import TooMany

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Bytes = Annotated[int, Meta(ge=1024, le=1 << 30)]
Share = Annotated[float, Meta(gt=0, le=1)]
PerSecond = Annotated[float, Meta(gt=0, le=100_000)]


@dataclass(frozen=True, slots=True)
class Limits:
    """[limits] of askcam.toml. Per process, unless said to be per client."""

    max_body_bytes: Bytes = 8 << 20  # of one HTTP request; a few attached pictures as data URLs fit
    max_question_chars: Count = 32_768  # of all text in one question
    max_tokens: Count = 2048  # of one answer; a request for more gets so many
    max_ws_message_bytes: Bytes = 4 << 20  # one event or one pushed frame
    max_sessions: Count = 64  # realtime connections
    max_parked_sessions: Count = 32  # realtime sessions whose connection was lost; the oldest ends for one more
    max_cameras: Count = 32
    max_pushed_cameras: Count = 8
    max_viewers: Count = 32  # live pictures being watched
    max_event_streams: Count = 64
    max_connections: Annotated[int, Meta(ge=16, le=65_536)] = 4096  # fewer where the system gives fewer descriptors
    max_connections_per_address: Count = 256  # of IPv6 per /64; not of trusted_proxies
    max_requests: Count = 256  # HTTP requests under way
    max_receiving_bytes: Bytes = 96 << 20  # of bodies, while their requests are not answered yet
    bytes_per_s: Annotated[int, Meta(ge=65_536, le=1 << 34)] = 8 << 20  # read of one client that is no admin
    client_share: Share = 0.5  # of each of these, for one client that is no admin
    questions_per_s: PerSecond = 10.0  # per client, in the long run
    questions_burst: Count = 40
    frames_per_s: PerSecond = 30.0  # pushed, per client
    frames_burst: Count = 60
    options: Mapping[str, Any] = field(default_factory=dict)  # those of features, by name

    @property
    def questions(self) -> Rate:
        return Rate(self.questions_per_s, self.questions_burst)

    @property
    def frames(self) -> Rate:
        return Rate(self.frames_per_s, self.frames_burst)


def too_many(what: str, wait_s: float) -> TooMany:
    """For a client that goes too fast. `what` in the plural: "questions"."""
    told = f"too many {what} from this client; try again in {wait_s:.1f} s"
    return TooMany(told, code="rate_limit_exceeded", retry_after_s=wait_s + 0.5)
