"""A watch on one camera, as a state machine: probabilities go in, "turned on" and "turned off" come out. Pure.

Time comes in twice: `at`, steady seconds by which it holds and cools down, and `wall`, seconds since the epoch by which
there are quiet hours. What is not seen changes nothing: a blind moment ends what was about to turn, and keeps what is.
A steady clock that all the same goes back to before the counting began begins it anew: that delays an event, and
cannot invent one.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from askcam.features.watches.quiet import is_quiet
from askcam.features.watches.setting import WatchSetting


class State(StrEnum):
    UNKNOWN = "unknown"  # nothing was seen yet
    OFF = "off"
    RISING = "rising"  # above the threshold, but not for long enough yet, or not now
    ON = "on"
    FALLING = "falling"  # below the other threshold, but not for long enough yet


class Input(Enum):
    HIGH = auto()  # at or above the upper threshold
    MIDDLE = auto()
    LOW = auto()  # at or below the lower threshold
    BLIND = auto()  # nothing to go by
    HELD = auto()  # it has been like this for long enough, and it may turn


NEXT: dict[State, dict[Input, State]] = {
    State.UNKNOWN: {
        Input.HIGH: State.RISING,
        Input.MIDDLE: State.OFF,
        Input.LOW: State.OFF,
        Input.BLIND: State.UNKNOWN,
    },
    State.OFF: {Input.HIGH: State.RISING, Input.MIDDLE: State.OFF, Input.LOW: State.OFF, Input.BLIND: State.OFF},
    State.RISING: {
        Input.HIGH: State.RISING,
        Input.MIDDLE: State.OFF,
        Input.LOW: State.OFF,
        Input.BLIND: State.OFF,
        Input.HELD: State.ON,
    },
    State.ON: {Input.HIGH: State.ON, Input.MIDDLE: State.ON, Input.LOW: State.FALLING, Input.BLIND: State.ON},
    State.FALLING: {
        Input.HIGH: State.ON,
        Input.MIDDLE: State.ON,
        Input.LOW: State.FALLING,
        Input.BLIND: State.ON,
        Input.HELD: State.OFF,
    },
}


class Turn(StrEnum):
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Memory:
    """What outlives a restart."""

    on: bool  # as it was last told
    on_wall: float | None = None  # when it last turned on (a text: changed), seconds since the epoch
    text: str | None = None  # of a text: what it said, as it was last told


class Watch:
    """One watch on one camera. Owned by whoever calls it; only this class changes its state."""

    def __init__(self, setting: WatchSetting, memory: Memory | None = None, at: float = 0.0, wall: float = 0.0) -> None:
        """`memory`: of an earlier life, which counts as having turned on so long before `at` as before `wall`."""
        self.setting = setting
        self._hours, self._zone = setting.quiet_hours, setting.zone
        self._state = State.UNKNOWN
        self._since = at  # of RISING and FALLING
        self._on_at: float | None = None
        self._on_wall: float | None = None
        if memory is not None:
            self._state = State.ON if memory.on else State.OFF
            self._on_wall = memory.on_wall
            if memory.on_wall is not None:
                self._on_at = at - max(0.0, wall - memory.on_wall)

    @property
    def state(self) -> State:
        return self._state

    @property
    def memory(self) -> Memory:
        """As it would be told after a restart."""
        return Memory(self._state in (State.ON, State.FALLING), self._on_wall)

    def see(self, probability: float | None, at: float, wall: float) -> Turn | None:
        """Take a reading in; None: blind. Returns what it turned to, if it did."""
        self._since = min(self._since, at)
        if self._on_at is not None:
            self._on_at = min(self._on_at, at)
        before = self._state
        self._fire(self._input(probability))
        if self._state is not before:
            self._since = at
        if self._state is State.RISING and self._held(at) and self._may_turn_on(at, wall):
            self._fire(Input.HELD)
            self._on_at, self._on_wall = at, wall
            return Turn.ON
        if self._state is State.FALLING and self._held(at):
            self._fire(Input.HELD)
            return Turn.OFF
        return None

    def _input(self, probability: float | None) -> Input:
        if probability is None:
            return Input.BLIND
        if probability >= self.setting.on:
            return Input.HIGH
        return Input.LOW if probability <= self.setting.off else Input.MIDDLE

    def _fire(self, what: Input) -> None:
        """Raises KeyError when the table has no such entry: a bug of ours."""
        self._state = NEXT[self._state][what]

    def _held(self, at: float) -> bool:
        return at - self._since >= self.setting.for_s

    def _may_turn_on(self, at: float, wall: float) -> bool:
        cool = self._on_at is None or at - self._on_at >= self.setting.cooldown_s
        return cool and not is_quiet(self._hours, self._zone, wall)
