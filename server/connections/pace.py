"""How slow a connection may be: heads, bodies, and readers that do not read. Pure; time is handed in."""

from dataclasses import dataclass
from enum import Enum, auto

HANDSHAKE_S = 10.0  # of TLS
HEAD_S = 10.0  # from the connection, or the first byte of a next request, to the end of its head
BODY_S = 15.0  # for a body, and ...
BODY_BYTES_PER_S = 16_384  # ... one second more for so many bytes that have come
QUIET_BODY_S = 10.0  # without a byte of a body that is being waited for
DRAIN_S = 5.0  # what is left of a body after its request was answered
CLOSE_S = 5.0  # from our closing to the end of the connection
UNREAD_S = 20.0  # in which a client reads ...
UNREAD_BYTES = 16_384  # ... at least so much, while more waits for it


class Phase(Enum):
    """What a connection is at, as HTTP has it."""

    HEAD = auto()  # nothing, or a part of a request's head
    REST = auto()  # between requests: uvicorn's own time-out ends it
    BODY = auto()  # a head is there, its body is coming
    DRAIN = auto()  # answered, and the body still comes
    BUSY = auto()  # all of a request is there: it is for us to answer


@dataclass(slots=True)
class Pace:
    """Watches over one connection, by samples that are taken about once a second."""

    since: float  # of the phase
    phase: Phase = Phase.HEAD
    body_bytes: int = 0  # of the phase
    last_byte: float = 0.0
    closing_since: float | None = None
    read_at: float | None = None  # when the reader had read `read` bytes; None: nothing waits for it
    read: int = 0

    def at(self, phase: Phase, now: float) -> None:
        if phase is not self.phase:
            self.phase, self.since, self.body_bytes, self.last_byte = phase, now, 0, now

    def came(self, num_bytes: int, now: float) -> None:
        self.body_bytes += num_bytes
        self.last_byte = now

    def held(self, seconds: float) -> None:
        """We did not read for so long: that is not the client's fault."""
        self.since += seconds
        self.last_byte += seconds

    def overdue(self, now: float) -> str | None:
        """What is too slow: "head", "body"; None: nothing is."""
        match self.phase:
            case Phase.HEAD if now - self.since > HEAD_S:
                return "head"
            case Phase.BODY if (
                now - self.since > BODY_S + self.body_bytes / BODY_BYTES_PER_S or now - self.last_byte > QUIET_BODY_S
            ):
                return "body"
            case Phase.DRAIN if now - self.since > DRAIN_S:
                return "body"
        return None

    def unread(self, waiting: bool, read: int, now: float) -> bool:
        """Whether the client has stopped reading. `waiting`: something is still to be sent to it; `read`: how many
        bytes its machine has taken so far."""
        if not waiting:
            self.read_at = None
        elif self.read_at is None or read - self.read >= UNREAD_BYTES:
            self.read_at, self.read = now, read
        return self.read_at is not None and now - self.read_at > UNREAD_S

    def stalled_s(self, now: float) -> float:
        """For how long something waits that the client has not read; 0: nothing does."""
        return 0.0 if self.read_at is None else now - self.read_at

    def lingers(self, closing: bool, now: float) -> bool:
        """Whether we closed it some time ago, and its end does not come."""
        if not closing:
            self.closing_since = None
        elif self.closing_since is None:
            self.closing_since = now
        return self.closing_since is not None and now - self.closing_since > CLOSE_S
