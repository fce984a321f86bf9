"""How a video is cut into segments: overlapping windows, as long as the model's own. Pure."""

from dataclasses import dataclass

from askcam.stream.window import Anchors

FPS = 2.0  # frames a second, where neither a rate nor a length is asked for


@dataclass(frozen=True, slots=True)
class SummaryPlan:
    """Segments of `num_pairs` pairs of frames, a new one every `hop` pairs; about half of each is in the next, too.

    So whatever happens on the edge of one segment stands well inside another.
    """

    fps: float  # frames sampled per second of the video
    num_pairs: int

    @property
    def hop(self) -> int:
        return (self.num_pairs + 1) // 2

    @property
    def anchors(self) -> Anchors:
        """The window rule under which a window that is full holds exactly one segment."""
        return Anchors(keep=self.num_pairs + 1 - self.hop, hop=self.hop)

    @property
    def segment_s(self) -> float:
        return 2 * self.num_pairs / self.fps

    def due(self, num_segments: int) -> int:
        """After how many pairs the segment after `num_segments` others is complete."""
        return self.num_pairs + num_segments * self.hop


def make_plan(max_pairs: int, fps: float | None = None, segment_s: float | None = None) -> SummaryPlan:
    """`max_pairs`: of a window of the model (`engine.anchors.max_pairs`). What is not given follows from what is.

    Raises ValueError, for people, when rate and length together are more or less than a window holds.
    """
    if fps is None:
        fps = FPS if segment_s is None else min(FPS, 2 * max_pairs / segment_s)
    if segment_s is None:
        return SummaryPlan(fps, max_pairs)
    num_pairs = int(segment_s * fps / 2 + 1e-6)
    if num_pairs > max_pairs:
        raise ValueError(
            f"a segment of {segment_s:g} s at {fps:g} frames a second has {int(segment_s * fps)} frames, and this "
            f"model sees {2 * max_pairs} at once: --segment {2 * max_pairs / fps:g}, or "
            f"--fps {2 * max_pairs / segment_s:.2g}"
        )
    if num_pairs < 2:
        raise ValueError(
            f"a segment of {segment_s:g} s at {fps:g} frames a second has fewer than four frames, too few to show a "
            f"change: --segment {4 / fps:g}, or --fps {4 / segment_s:.2g}"
        )
    return SummaryPlan(fps, num_pairs)
