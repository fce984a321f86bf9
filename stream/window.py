"""The rolling window: the last frame pairs of one camera, and the rule that says where it starts. Pure.

A pair is two consecutive sampled frames, one temporal patch of Qwen2-VL's vision tower. Attention to a pair never
needs the pairs after it, so a window may grow for nothing, but it may not lose its oldest pair: everything behind was
computed with it in sight. So the start moves in hops ("staggered anchors"): anchors stand at every `hop`-th pair, and
the window starts at the newest anchor that has at least `keep` pairs behind it. It holds `keep` to
`keep + hop - 1` pairs once it is full, and every backend answers from the same span.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from askcam.stream.frame import Frame


@dataclass(frozen=True, slots=True)
class Anchors:
    """Where windows start. `keep` pairs at least (once there are so many), `keep + hop - 1` at most."""

    keep: int = 8
    hop: int = 8

    def __post_init__(self) -> None:
        if self.keep < 1 or self.hop < 1:
            raise ValueError(f"a window keeps at least one pair and hops at least one: {self}")

    @classmethod
    def within(cls, max_pairs: int) -> "Anchors":
        """The longest window that never exceeds `max_pairs`, one of them left for a question's provisional pair."""
        if max_pairs < 2:
            raise ValueError(f"a window needs room for two pairs, not {max_pairs}")
        hop = max_pairs // 2
        return cls(keep=max_pairs - hop, hop=hop)

    @classmethod
    def one_by_one(cls, max_pairs: int) -> "Anchors":
        """Windows as long as `within` has them, one after the other: a pair is never in two. A full one is followed by
        one that begins with the newest pair alone."""
        if max_pairs < 2:
            raise ValueError(f"a window needs room for two pairs, not {max_pairs}")
        return cls(keep=1, hop=max_pairs - 1)

    @property
    def windows_of_a_pair(self) -> float:
        """To how many windows a pair is appended, on average: each takes in `max_pairs`, and there is one a hop."""
        return self.max_pairs / self.hop

    @property
    def max_pairs(self) -> int:
        return self.keep + self.hop - 1

    def start(self, num_pairs: int) -> int:
        """Index of the first pair of the window after `num_pairs` pairs have been seen."""
        return max(0, (num_pairs - self.keep) // self.hop * self.hop)

    def live(self, num_pairs: int) -> list[int]:
        """Indices of all anchors whose windows must be kept growing, oldest (the window's own) first."""
        return list(range(self.start(num_pairs), max(num_pairs, 1), self.hop))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two frames, one temporal patch. `index` counts the camera's pairs since the window was last emptied."""

    index: int
    first: Frame
    second: Frame


@dataclass(frozen=True, slots=True)
class View:
    """What one question sees: the window's pairs at one moment, perhaps with a provisional last pair.

    Immutable, so it may cross threads. Never empty.
    """

    camera: str
    version: int  # grows by one with every sampled frame and with every emptying
    epoch: int  # grows by one whenever the window is emptied
    fps: float  # sampled frames per second
    pairs: tuple[Pair, ...]
    provisional: bool  # the last pair was made for this question and is not (yet) part of the window

    @property
    def frames(self) -> tuple[Frame, ...]:
        """In order, two per pair; a provisional pair may hold the same frame twice."""
        return tuple(frame for pair in self.pairs for frame in (pair.first, pair.second))

    @property
    def newest(self) -> Frame:
        return self.pairs[-1].second

    @property
    def start_wall(self) -> float:
        return self.pairs[0].first.wall

    @property
    def end_wall(self) -> float:
        return self.newest.wall

    def age_s(self, now_mono: float) -> float:
        return self.newest.age_s(now_mono)

    def recent(self, seconds: float, hop: int) -> "View":
        """The newest of it: from the newest anchor that has complete pairs of `seconds` at its rate behind it, one at
        least, since a window can be read from there for nothing; all of it where none has. Up to `hop` pairs more."""
        first = self.pairs[0].index
        least = max(1, math.ceil(seconds * self.fps / 2))
        start = (first + len(self.pairs) - self.provisional - least) // hop * hop
        return self if start <= first else replace(self, pairs=self.pairs[start - first :])

    def arrays(self) -> npt.NDArray[np.uint8]:
        """(frames, height, width, 3) uint8 RGB, a copy."""
        return np.stack([frame.pixels for frame in self.frames])

    def content(self) -> dict[str, Any]:
        """One video part for qwen_vl_utils.process_vision_info, its frames of the model's size already.

        They stay as they are when it is called with half the model's patch size (`image_patch_size=7` for Qwen2-VL:
        told 14, release 0.0.14 rounds a clip's frames to multiples of 56, and back) and the processor with
        `do_resize=False`.
        """
        frames = self.frames
        return {
            "type": "video",
            "video": [Image.fromarray(frame.pixels) for frame in frames],
            "resized_height": frames[0].height,
            "resized_width": frames[0].width,
            "sample_fps": self.fps,
        }

    def messages(self, question: str) -> list[dict[str, Any]]:
        """A conversation for qwen_vl_utils and the processor's chat template: this video, then the question."""
        return [{"role": "user", "content": [self.content(), {"type": "text", "text": question}]}]


class Window:
    """The last pairs of one camera. Bounded by `anchors`; evicts whole pairs. Not thread-safe: its Camera locks.

    A pair in which nothing moved can be left out. The others are numbered as if it had never been, so what the window
    holds is the shorter clip, and both frames of each of its pairs are neighbours among the sampled ones.
    """

    def __init__(self, camera: str, anchors: Anchors, fps: float) -> None:
        self.camera, self.anchors, self.fps = camera, anchors, fps
        self.version = 0
        self.epoch = 0
        self._pairs: list[Pair] = []  # at most anchors.max_pairs
        self._seen = 0  # pairs since the window was last emptied
        self._odd: Frame | None = None  # waits for its partner
        self._odd_still = False

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(tuple(self._pairs))

    @property
    def waiting(self) -> Frame | None:
        """The odd frame that has no partner yet."""
        return self._odd

    @property
    def num_pairs_seen(self) -> int:
        """Pairs that it took in since it was last emptied; those that were left out do not count."""
        return self._seen

    def add(self, frame: Frame, still: bool = False) -> tuple[Pair, ...]:
        """Take the next sampled frame; returns the pairs that fell out. A frame of another size empties the window.

        The pair that the frame completes is left out when both are `still`, unless the window has no other.
        """
        last = self._odd or (self._pairs[-1].second if self._pairs else None)
        if last is not None:
            assert frame.seq > last.seq, f"frames must come in order: {frame.seq} after {last.seq}"
        gone: tuple[Pair, ...] = ()
        if last is not None and last.pixels.shape != frame.pixels.shape:
            gone = self.clear()
        self.version += 1
        if self._odd is None:
            self._odd, self._odd_still = frame, still
            return gone
        first, self._odd = self._odd, None
        if still and self._odd_still and self._pairs:
            return gone
        self._pairs.append(Pair(self._seen, first, frame))
        self._seen += 1
        start = self.anchors.start(self._seen)
        cut = sum(pair.index < start for pair in self._pairs)
        gone += tuple(self._pairs[:cut])
        del self._pairs[:cut]
        return gone

    def clear(self) -> tuple[Pair, ...]:
        """Forget everything (a reconnect, another picture size); returns what fell out."""
        gone = tuple(self._pairs)
        self._pairs.clear()
        self._odd = None
        self._seen = 0
        self.version += 1
        self.epoch += 1
        return gone

    def settled(self) -> View | None:
        """The complete pairs alone; None while there are none."""
        if not self._pairs:
            return None
        return View(self.camera, self.version, self.epoch, self.fps, tuple(self._pairs), provisional=False)

    def view(self, newest: Frame | None = None) -> View | None:
        """What a question asked now sees, or None while nothing was ever sampled.

        `newest` is the camera's newest decoded frame, of the window's size. It is taken in as a provisional last pair,
        (the odd frame or itself, itself), unless the window already ends with it. That pair is exact for the model
        since it is the clip's last one (a processor repeats the last frame of an odd clip in the same way).
        """
        last = self._odd or (self._pairs[-1].second if self._pairs else None)
        if newest is not None and last is not None and newest.pixels.shape != last.pixels.shape:
            newest = None  # the size changes with the next sampled frame
        if newest is None or (last is not None and newest.seq <= last.seq):
            newest = self._odd  # None when the last pair is complete and nothing newer was decoded
        pairs = tuple(self._pairs)
        if newest is not None:
            pairs += (Pair(self._seen, self._odd or newest, newest),)
        if not pairs:
            return None
        return View(self.camera, self.version, self.epoch, self.fps, pairs, provisional=newest is not None)
