"""Plays recorded frames at the pace at which they were recorded. Pure; times in seconds."""

LATE_S = 0.5  # a player that falls further behind goes on from where it is: it plays slower rather than rushing
GAP_S = 5.0  # a longer step between timestamps is a cut, not a pause


class Pacer:
    """When each frame is due, on the caller's clock."""

    def __init__(self) -> None:
        self._zero: float | None = None  # the caller's clock at timestamp 0
        self._last_pts = 0.0
        self._step = 0.04

    def due(self, pts: float | None, now: float) -> float:
        """When the frame with timestamp `pts` (None: the usual step after the last) is to be shown."""
        if self._zero is None:
            self._last_pts = pts or 0.0
            self._zero = now - self._last_pts
            return now
        pts = self._last_pts + self._step if pts is None else pts
        step = pts - self._last_pts
        if 0 < step <= GAP_S:
            self._step = step
        else:  # played again from the start, or a cut
            self._zero += self._last_pts + self._step - pts
        self._last_pts = pts
        due = self._zero + pts
        if now - due > LATE_S:
            self._zero += now - due
            due = now
        return due
