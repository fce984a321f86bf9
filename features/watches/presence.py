"""Whether a watched camera is there, as a state machine over what its stream says. Pure."""

from enum import Enum, StrEnum, auto

from askcam.stream.states import State as CameraState


class Presence(StrEnum):
    UNSEEN = "unseen"  # it has not come yet
    HERE = "here"
    LOST = "lost"


class Sight(Enum):
    LIVE = auto()
    GONE = auto()
    UNSURE = auto()  # it is being opened, or silent for a moment


SIGHTS = {
    CameraState.LIVE: Sight.LIVE,
    CameraState.LOST: Sight.GONE,
    CameraState.ENDED: Sight.GONE,
    CameraState.CONNECTING: Sight.UNSURE,
    CameraState.STALLED: Sight.UNSURE,
}

NEXT: dict[Presence, dict[Sight, Presence]] = {
    Presence.UNSEEN: {Sight.LIVE: Presence.HERE, Sight.GONE: Presence.LOST, Sight.UNSURE: Presence.UNSEEN},
    Presence.HERE: {Sight.LIVE: Presence.HERE, Sight.GONE: Presence.LOST, Sight.UNSURE: Presence.HERE},
    Presence.LOST: {Sight.LIVE: Presence.HERE, Sight.GONE: Presence.LOST, Sight.UNSURE: Presence.LOST},
}


class Attendance:
    """One camera's. `lost`: as it was last told, in an earlier life."""

    def __init__(self, lost: bool = False) -> None:
        self._presence = Presence.LOST if lost else Presence.UNSEEN

    @property
    def lost(self) -> bool:
        return self._presence is Presence.LOST

    def see(self, state: CameraState) -> bool:
        """Take the camera's state in; whether it was lost just now, or came back."""
        before = self.lost
        self._presence = NEXT[self._presence][SIGHTS[state]]
        return self.lost is not before
