"""Whether a watched camera's picture is fit to be seen, as a state machine over its health flags. Pure."""

from collections.abc import Collection
from enum import Enum, StrEnum, auto

HOLD_S = 5.0  # it must be unwell, or well, for so long before it counts


class WellnessState(StrEnum):
    WELL = "well"
    SICKENING = "sickening"  # unwell, but not for long enough yet
    UNWELL = "unwell"
    MENDING = "mending"  # well, but not for long enough yet


class WellnessInput(Enum):
    SOUND = auto()
    FLAWED = auto()
    UNSEEN = auto()  # it shows nothing now
    HELD = auto()  # it has been like this for long enough


NEXT: dict[WellnessState, dict[WellnessInput, WellnessState]] = {
    WellnessState.WELL: {
        WellnessInput.SOUND: WellnessState.WELL,
        WellnessInput.FLAWED: WellnessState.SICKENING,
        WellnessInput.UNSEEN: WellnessState.WELL,
    },
    WellnessState.SICKENING: {
        WellnessInput.SOUND: WellnessState.WELL,
        WellnessInput.FLAWED: WellnessState.SICKENING,
        WellnessInput.UNSEEN: WellnessState.WELL,
        WellnessInput.HELD: WellnessState.UNWELL,
    },
    WellnessState.UNWELL: {
        WellnessInput.SOUND: WellnessState.MENDING,
        WellnessInput.FLAWED: WellnessState.UNWELL,
        WellnessInput.UNSEEN: WellnessState.UNWELL,
    },
    WellnessState.MENDING: {
        WellnessInput.SOUND: WellnessState.MENDING,
        WellnessInput.FLAWED: WellnessState.UNWELL,
        WellnessInput.UNSEEN: WellnessState.UNWELL,
        WellnessInput.HELD: WellnessState.WELL,
    },
}


class Wellness:
    """One camera's. `unwell`: as it was last told, in an earlier life. Only this class changes its state."""

    def __init__(self, unwell: bool = False) -> None:
        self._state = WellnessState.UNWELL if unwell else WellnessState.WELL
        self._since = 0.0  # of SICKENING and MENDING

    @property
    def unwell(self) -> bool:
        """As it was last told."""
        return self._state in (WellnessState.UNWELL, WellnessState.MENDING)

    def see(self, flags: Collection[str], live: bool, at: float) -> bool:
        """Take the camera's flags in, at steady seconds; whether it has just become unwell, or well again."""
        before = self._state
        self._state = NEXT[before][
            WellnessInput.UNSEEN if not live else WellnessInput.FLAWED if flags else WellnessInput.SOUND
        ]
        if self._state is not before:
            self._since = at
        self._since = min(self._since, at)  # a clock that goes back begins the counting anew
        if self._state in (WellnessState.SICKENING, WellnessState.MENDING) and at - self._since >= HOLD_S:
            self._state = NEXT[self._state][WellnessInput.HELD]
            return True
        return False
