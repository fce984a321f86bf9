"""Plays recorded frames at the pace at which they were recorded. Pure; times in seconds."""

LATE_S = 0.5  # a player that falls further behind goes on from where it is: it plays slower rather than rushing
GAP_S = 5.0  # a longer step between timestamps is a cut, not a pause; two of them on end are a time-lapse
SLIDE_S = 0.5  # that a picture of a time-lapse is shown for: each is seen at two frames a second


class Pacer:
    """When each frame is due, on the caller's clock."""

    def __init__(self, lapses: bool = False) -> None:
        """`lapses`: it is known to be a time-lapse."""
        self._zero: float | None = None  # the caller's clock at timestamp 0
        self._last_pts = 0.0
        self._step = 0.04
        self._lapses = lapses

    def due(self, pts: float | None, now: float) -> float:
        """When the frame with timestamp `pts` (None: the usual step after the last) is to be shown."""
        if self._zero is None:
            self._last_pts = pts or 0.0
            self._zero = now - self._last_pts
            return now
        pts = self._last_pts + self._step if pts is None else pts
        step = pts - self._last_pts
        if 0 < step <= GAP_S:
            self._step, self._lapses = step, False
        else:  # played again from the start, or a cut
            if step > GAP_S and self._lapses:
                self._step = SLIDE_S
            self._lapses = step > GAP_S
            self._zero += self._last_pts + self._step - pts
        self._last_pts = pts
        due = self._zero + pts
        if now - due > LATE_S:
            self._zero += now - due
            due = now
        return due
