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


class WatchState(StrEnum):
    UNKNOWN = "unknown"  # nothing was seen yet
    OFF = "off"
    RISING = "rising"  # above the threshold, but not for long enough yet, or not now
    ON = "on"
    FALLING = "falling"  # below the other threshold, but not for long enough yet


class WatchInput(Enum):
    HIGH = auto()  # at or above the upper threshold
    MIDDLE = auto()
    LOW = auto()  # at or below the lower threshold
    BLIND = auto()  # nothing to go by
    HELD = auto()  # it has been like this for long enough, and it may turn


NEXT: dict[WatchState, dict[WatchInput, WatchState]] = {
    WatchState.UNKNOWN: {
        WatchInput.HIGH: WatchState.RISING,
        WatchInput.MIDDLE: WatchState.OFF,
        WatchInput.LOW: WatchState.OFF,
        WatchInput.BLIND: WatchState.UNKNOWN,
    },
    WatchState.OFF: {
        WatchInput.HIGH: WatchState.RISING,
        WatchInput.MIDDLE: WatchState.OFF,
        WatchInput.LOW: WatchState.OFF,
        WatchInput.BLIND: WatchState.OFF,
    },
    WatchState.RISING: {
        WatchInput.HIGH: WatchState.RISING,
        WatchInput.MIDDLE: WatchState.OFF,
        WatchInput.LOW: WatchState.OFF,
        WatchInput.BLIND: WatchState.OFF,
        WatchInput.HELD: WatchState.ON,
    },
    WatchState.ON: {
        WatchInput.HIGH: WatchState.ON,
        WatchInput.MIDDLE: WatchState.ON,
        WatchInput.LOW: WatchState.FALLING,
        WatchInput.BLIND: WatchState.ON,
    },
    WatchState.FALLING: {
        WatchInput.HIGH: WatchState.ON,
        WatchInput.MIDDLE: WatchState.ON,
        WatchInput.LOW: WatchState.FALLING,
        WatchInput.BLIND: WatchState.ON,
        WatchInput.HELD: WatchState.OFF,
    },
}


class WatchTurn(StrEnum):
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class WatchMemory:
    """What outlives a restart."""

    on: bool  # as it was last told
    on_wall: float | None = None  # when it last turned on (a text: changed), seconds since the epoch
    text: str | None = None  # of a text: what it said, as it was last told


class Watch:
    """One watch on one camera. Owned by whoever calls it; only this class changes its state."""

    def __init__(
        self, setting: WatchSetting, memory: WatchMemory | None = None, at: float = 0.0, wall: float = 0.0
    ) -> None:
        """`memory`: of an earlier life, which counts as having turned on so long before `at` as before `wall`."""
        self.setting = setting
        self._hours, self._zone = setting.quiet_hours, setting.clock
        self._state = WatchState.UNKNOWN
        self._since = at  # of RISING and FALLING
        self._on_at: float | None = None
        self._on_wall: float | None = None
        if memory is not None:
            self._state = WatchState.ON if memory.on else WatchState.OFF
            self._on_wall = memory.on_wall
            if memory.on_wall is not None:
                self._on_at = at - max(0.0, wall - memory.on_wall)

    @property
    def state(self) -> WatchState:
        return self._state

    @property
    def memory(self) -> WatchMemory:
        """As it would be told after a restart."""
        return WatchMemory(self._state in (WatchState.ON, WatchState.FALLING), self._on_wall)

    def see(self, probability: float | None, at: float, wall: float) -> WatchTurn | None:
        """Take a reading in; None: blind. Returns what it turned to, if it did."""
        self._since = min(self._since, at)
        if self._on_at is not None:
            self._on_at = min(self._on_at, at)
        before = self._state
        self._fire(self._input(probability))
        if self._state is not before:
            self._since = at
        if self._state is WatchState.RISING and self._held(at) and self._may_turn_on(at, wall):
            self._fire(WatchInput.HELD)
            self._on_at, self._on_wall = at, wall
            return WatchTurn.ON
        if self._state is WatchState.FALLING and self._held(at):
            self._fire(WatchInput.HELD)
            return WatchTurn.OFF
        return None

    def _input(self, probability: float | None) -> WatchInput:
        if probability is None:
            return WatchInput.BLIND
        if probability >= self.setting.on:
            return WatchInput.HIGH
        return WatchInput.LOW if probability <= self.setting.off else WatchInput.MIDDLE

    def _fire(self, what: WatchInput) -> None:
        """Raises KeyError when the table has no such entry: a bug of ours."""
        self._state = NEXT[self._state][what]

    def _held(self, at: float) -> bool:
        return at - self._since >= self.setting.for_s

    def _may_turn_on(self, at: float, wall: float) -> bool:
        cool = self._on_at is None or at - self._on_at >= self.setting.cooldown_s
        return cool and not is_quiet(self._hours, self._zone, wall)
