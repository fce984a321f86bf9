"""When what nobody waits for (frames, scorings) has its turn while somebody is being answered. Pure."""


class BackgroundTurns:
    """After each turn those who wait have the engine for as long: half of its time is theirs, however slow the machine
    is, and however much there is to take in. Times in seconds, on any one clock. Owned by the engine thread."""

    def __init__(self) -> None:
        self._not_before = 0.0

    def due(self, now: float, *, somebody_waits: bool) -> bool:
        """Whether there may be one."""
        return not somebody_waits or now >= self._not_before

    def took(self, began: float, ended: float) -> None:
        """There was one."""
        self._not_before = ended + (ended - began)
