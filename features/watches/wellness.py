"""Whether a watched camera's picture is fit to be seen, as a state machine over its health flags. Pure."""

from collections.abc import Collection
from enum import Enum, StrEnum, auto

HOLD_S = 5.0  # it must be unwell, or well, for so long before it counts


class State(StrEnum):
    WELL = "well"
    SICKENING = "sickening"  # unwell, but not for long enough yet
    UNWELL = "unwell"
    MENDING = "mending"  # well, but not for long enough yet


class Input(Enum):
    SOUND = auto()
    FLAWED = auto()
    UNSEEN = auto()  # it shows nothing now
    HELD = auto()  # it has been like this for long enough


NEXT: dict[State, dict[Input, State]] = {
    State.WELL: {Input.SOUND: State.WELL, Input.FLAWED: State.SICKENING, Input.UNSEEN: State.WELL},
    State.SICKENING: {
        Input.SOUND: State.WELL,
        Input.FLAWED: State.SICKENING,
        Input.UNSEEN: State.WELL,
        Input.HELD: State.UNWELL,
    },
    State.UNWELL: {Input.SOUND: State.MENDING, Input.FLAWED: State.UNWELL, Input.UNSEEN: State.UNWELL},
    State.MENDING: {
        Input.SOUND: State.MENDING,
        Input.FLAWED: State.UNWELL,
        Input.UNSEEN: State.UNWELL,
        Input.HELD: State.WELL,
    },
}


class Wellness:
    """One camera's. `unwell`: as it was last told, in an earlier life. Only this class changes its state."""

    def __init__(self, unwell: bool = False) -> None:
        self._state = State.UNWELL if unwell else State.WELL
        self._since = 0.0  # of SICKENING and MENDING

    @property
    def unwell(self) -> bool:
        """As it was last told."""
        return self._state in (State.UNWELL, State.MENDING)

    def see(self, flags: Collection[str], live: bool, at: float) -> bool:
        """Take the camera's flags in, at steady seconds; whether it has just become unwell, or well again."""
        before = self._state
        self._state = NEXT[before][Input.UNSEEN if not live else Input.FLAWED if flags else Input.SOUND]
        if self._state is not before:
            self._since = at
        self._since = min(self._since, at)  # a clock that goes back begins the counting anew
        if self._state in (State.SICKENING, State.MENDING) and at - self._since >= HOLD_S:
            self._state = NEXT[self._state][Input.HELD]
            return True
        return False
