"""What a camera can be, and how it comes to be so. Only this file assigns a camera's state."""

from enum import Enum, StrEnum, auto


class State(StrEnum):
    CONNECTING = "connecting"  # no frame yet
    LIVE = "live"  # frames come; the only state in which it can be asked
    STALLED = "stalled"  # connected, but no frame for a while
    LOST = "lost"  # failed or refused; it is being tried again
    ENDED = "ended"  # the file is over, the webcam unplugged, or the camera closed


class Event(Enum):
    FRAME = auto()  # a frame was decoded
    SILENCE = auto()  # the newest frame is too old
    FAILED = auto()  # the source failed, or its reader was abandoned
    END = auto()  # the source said that it is over
    CLOSE = auto()  # nobody wants it any more


NEXT: dict[State, dict[Event, State]] = {
    State.CONNECTING: {
        Event.FRAME: State.LIVE,
        Event.FAILED: State.LOST,
        Event.END: State.ENDED,
        Event.CLOSE: State.ENDED,
    },
    State.LIVE: {
        Event.FRAME: State.LIVE,
        Event.SILENCE: State.STALLED,
        Event.FAILED: State.LOST,
        Event.END: State.ENDED,
        Event.CLOSE: State.ENDED,
    },
    State.STALLED: {
        Event.FRAME: State.LIVE,
        Event.FAILED: State.LOST,
        Event.END: State.ENDED,
        Event.CLOSE: State.ENDED,
    },
    State.LOST: {
        Event.FRAME: State.LIVE,
        Event.FAILED: State.LOST,
        Event.END: State.ENDED,
        Event.CLOSE: State.ENDED,
    },
    # A live source that ended (an unplugged webcam) is tried again, slowly.
    State.ENDED: {
        Event.FRAME: State.LIVE,
        Event.FAILED: State.ENDED,
        Event.END: State.ENDED,
        Event.CLOSE: State.ENDED,
    },
}


class Machine:
    """A camera's state. Not thread-safe: its Camera locks."""

    def __init__(self) -> None:
        self._state = State.CONNECTING

    @property
    def state(self) -> State:
        return self._state

    def fire(self, event: Event) -> tuple[State, State]:
        """Take `event` in; returns (old, new). Raises KeyError when the table has no such entry: a bug of ours."""
        old = self._state
        self._state = NEXT[old][event]
        return old, self._state
