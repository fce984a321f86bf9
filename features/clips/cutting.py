"""Which packets a clip is made of, and when each of its pictures is shown. Pure; seconds by the steady clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from askcam.features.clips.nal_units import SETS, Parameters, parameters, with_start_codes
from askcam.features.clips.ring import Group

COPIED = frozenset(SETS)  # codecs that go into a clip as they are
JPEG = "mjpeg"  # this one is encoded anew: no browser plays it in an MP4
TAKEN = COPIED | {JPEG}
BACK_S = 2.0  # a time that lies further back than frames are reordered: the clock was corrected, or set
LEAST_STEP_S = 0.001
STEP_S = 0.1  # how long the last picture is shown, where nothing says it
LONGEST_STEP_S = 2.0  # that it is shown


@dataclass(frozen=True, slots=True)
class ClipPicture:
    """One encoded picture of a clip."""

    data: bytes  # of H.264 and H.265 with start codes
    key: bool
    at: float  # when it was captured; later than that of every picture that is shown before it


@dataclass(frozen=True, slots=True)
class ClipRun:
    """Pictures that one decoder reads, in the order in which it does; the first is a keyframe."""

    codec: str
    parameters: Parameters | None  # None: a codec without such
    pictures: tuple[ClipPicture, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """What there is of a span."""

    runs: tuple[ClipRun, ...]
    start: float
    end: float
    step: float  # between two pictures, usually

    @property
    def copied(self) -> bool:
        """Whether it is written as it came: one decoder reads all of it."""
        return len(self.runs) == 1 and self.runs[0].codec in COPIED

    @property
    def num_bytes(self) -> int:
        return sum(len(picture.data) for run in self.runs for picture in run.pictures)


class NothingThere(Exception):
    """Why nothing can be cut, for people."""


def cut(groups: Sequence[Group], start: float, end: float) -> Cut:
    """From the keyframe at or before `start`, or else the first one there is, until `end`. Raises NothingThere."""
    if not groups:
        raise NothingThere("no packets of the camera were there: it was not connected, or sent no keyframe")
    timed = list(zip(groups, steady_times(groups), strict=True))
    first = max((i for i, (_, times) in enumerate(timed) if times[0] <= start), default=0)
    wanted = [(group, times) for group, times in timed[first:] if times[0] <= end]
    if not wanted or max(wanted[-1][1]) < start:
        raise NothingThere("the camera sent nothing then: it was lost, or its footage was no longer held in memory")
    runs = _runs(wanted, end)
    if not runs:
        raise NothingThere("the camera's stream never said its parameters (SPS and PPS), so nobody can decode it")
    times = sorted(picture.at for run in runs for picture in run.pictures)
    step = usual_step(times)
    return Cut(tuple(runs), times[0], times[-1] + min(step, LONGEST_STEP_S), step)


def usual_step(times: Sequence[float]) -> float:
    """Between two pictures of sorted `times`, lately."""
    steps = [after - before for before, after in pairwise(times)]
    return median(steps[-16:]) if steps else STEP_S


def steady_times(groups: Sequence[Group]) -> list[list[float]]:
    """Of each group when its pictures were captured, in the order of decoding, with jumps taken out: nothing is shown
    before what came with keyframes before its own. The newest are believed."""
    told: list[list[float]] = []
    top, ahead = float("-inf"), 0.0
    for group in groups:
        base, times = top, list[float]()
        for captured in _known(group):
            at = captured + ahead
            least = top - BACK_S if times else base + LEAST_STEP_S
            if at < least:
                ahead += top + LEAST_STEP_S - at
                at = top + LEAST_STEP_S
            at = max(at, base + LEAST_STEP_S)
            top = max(top, at)
            times.append(at)
        told.append(times)
    return [[at - ahead for at in times] for times in told]


def _known(group: Group) -> list[float]:
    """When its packets were captured. Of the first one of a connection it may be known only that it came after the
    connecting began: it is then as much before the next ones as these are apart."""
    times = [packet.captured() for packet in group.packets]
    if len(times) > 2 and group.opening is group.packets[0].data:
        rest = sorted(times[1:])
        times[0] = max(times[0], rest[0] - usual_step(rest[:16]))
    return times


def _runs(timed: Sequence[tuple[Group, list[float]]], end: float) -> list[ClipRun]:
    runs: list[ClipRun] = []
    for group, times in timed:
        codec, extradata = group.track.codec, group.track.extradata
        copied = codec in COPIED
        last = max((i for i, at in enumerate(times) if at <= end), default=-1)
        if last < 0:
            continue
        pictures = [
            ClipPicture(with_start_codes(codec, packet.data, extradata) if copied else packet.data, packet.key, at)
            for packet, at in zip(group.packets[: last + 1], times, strict=False)
        ]
        found = None
        if copied:
            found = parameters(codec, pictures[0].data, extradata)
            if not found.whole:
                found = parameters(codec, group.opening, extradata)
            if not found.whole:
                continue
        if runs and (runs[-1].codec, runs[-1].parameters) == (codec, found):
            runs[-1] = ClipRun(codec, found, (*runs[-1].pictures, *pictures))
        else:  # what is shown before its first keyframe rests on what is not there
            runs.append(ClipRun(codec, found, tuple(each for each in pictures if each.at >= pictures[0].at)))
    return _apart(runs)


def _apart(runs: Sequence[ClipRun]) -> list[ClipRun]:
    """The same, with no two pictures at one time, nor any of a later run before one of an earlier."""
    made, before = [], float("-inf")
    for run in runs:
        order = sorted(range(len(run.pictures)), key=lambda i, run=run: run.pictures[i].at)  # type: ignore[misc]
        at = [0.0] * len(order)
        for i in order:
            at[i] = before = max(run.pictures[i].at, before + LEAST_STEP_S)
        pictures = (ClipPicture(each.data, each.key, when) for each, when in zip(run.pictures, at, strict=True))
        made.append(ClipRun(run.codec, run.parameters, tuple(pictures)))
    return made
