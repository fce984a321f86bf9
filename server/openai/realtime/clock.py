"""How far a pushing client's clock is from ours, from the round trips that it measured. Pure; time is handed in."""

from dataclasses import dataclass
from typing import Any

from askcam.stream.frame import AgeBasis

MAX_RTT_S = 2.0  # a slower round trip says too little: the offset may be wrong by half of it
MAX_SAMPLE_AGE_S = 60.0  # then a newer sample counts even if its round trip was slower: clocks drift
MAX_AHEAD_S = 1.0  # a capture time this far ahead of now: the client's clock was set anew


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One measured round trip. `offset_s` is the server's clock minus the client's, right to within `rtt_s` / 2."""

    offset_s: float
    rtt_s: float
    taken: float  # on any steady clock, seconds


class ClientClock:
    """Turns a client's capture times into ours, by the sample with the shortest round trip of the last minute."""

    def __init__(self) -> None:
        self._best: ClockSample | None = None

    @property
    def best(self) -> ClockSample | None:
        return self._best

    def offer(self, sample: ClockSample) -> bool:
        """Take a sample in; whether it is now the one that counts."""
        if not 0 <= sample.rtt_s <= MAX_RTT_S:
            return False
        best = self._best
        if best is None or sample.rtt_s <= best.rtt_s or sample.taken - best.taken > MAX_SAMPLE_AGE_S:
            self._best = sample
            return True
        return False

    def wire(self) -> dict[str, Any]:
        """What counts now, for the client."""
        best = self._best
        if best is None:
            return {"basis": AgeBasis.ARRIVAL.value}
        offset_us, rtt_us = round(best.offset_s * 1e6), round(best.rtt_s * 1e6)
        return {"basis": AgeBasis.CAPTURE.value, "offset_us": offset_us, "rtt_us": rtt_us}

    def captured(self, client_wall: float | None, arrived_wall: float) -> tuple[float, AgeBasis]:
        """When a frame was taken, in seconds since the epoch by our clock, and what that rests on.

        Without a sample, or without a capture time, only the arrival is known. So it is when the capture time lies in
        the future by more than a second.
        """
        if client_wall is None or self._best is None:
            return arrived_wall, AgeBasis.ARRIVAL
        wall = client_wall + self._best.offset_s
        if wall > arrived_wall + MAX_AHEAD_S:
            return arrived_wall, AgeBasis.ARRIVAL
        return min(wall, arrived_wall), AgeBasis.CAPTURE
