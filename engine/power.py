"""How much of the machine cameras take: full power, or low power where that is too much. Pure.

In low power a camera has one window at a time instead of two, frames have fewer pixels, and (server/cameras.py) pairs
in which nothing moved are left out. Each of these defines a clip, and answers are exact for it.
"""

from dataclasses import dataclass, replace

from askcam.engine.families.spec import FamilySpec, ModelLimits
from askcam.engine.interface import EngineConfig, PowerMode
from askcam.stream.window import Anchors

LOW_POWER_GATE = 1.5  # a camera's motion_gate in low power, unless it has its own
SPARE = 0.75  # of the time is for frames; the rest for questions
FEWER_TOKENS = (256, 128, 64)  # of a frame in low power, at most: the first that the machine keeps up with
LEAST_TOKENS = FEWER_TOKENS[-1]  # with fewer pixels a model sees next to nothing


@dataclass(frozen=True, slots=True)
class PairSeconds:
    """What a pair of frames of `tokens` tokens takes: once through the vision tower, and into one window."""

    vision_s: float
    append_s: float
    tokens: int

    def frames_a_second(self, windows: float, tokens: int) -> float:
        """That a machine holds if each pair goes into so many windows. What a pair takes is in proportion to its
        tokens: attention among them, which is more than that, is left out."""
        pair_s = (self.vision_s + windows * self.append_s) * tokens / self.tokens
        return 2 * SPARE / max(pair_s, 1e-9)


def anchors_of(low_power: bool, max_pairs: int) -> Anchors:
    """Where windows of at most `max_pairs` pairs start."""
    return Anchors.one_by_one(max_pairs) if low_power else Anchors.within(max_pairs)


def choose(took: PairSeconds, spec: FamilySpec, config: EngineConfig, max_pairs: int) -> tuple[PowerMode, FamilySpec]:
    """The mode for a machine on which a pair of a usual picture took so long: full if it holds what is wanted, else
    low, with as many pixels as it keeps up with. `spec`: in full power; returned with the mode's frames."""
    wanted, pixels = config.wanted_fps, took.tokens * spec.factor**2
    full_fps = took.frames_a_second(Anchors.within(max_pairs).windows_of_a_pair, took.tokens)
    if full_fps >= wanted:
        return PowerMode(False, wanted, full_fps, full_fps, pixels), spec
    smaller, held_fps = spec, 0.0
    for tokens in FEWER_TOKENS:
        smaller = smaller_frames(spec, config, tokens)
        seen = min(took.tokens, max(1, smaller.frame.max_pixels // spec.factor**2))
        held_fps = took.frames_a_second(Anchors.one_by_one(max_pairs).windows_of_a_pair, seen)
        if held_fps >= wanted:
            break
    return PowerMode(True, wanted, full_fps, held_fps, pixels, fewer_pixels(smaller, spec)), smaller


def fewer_pixels(low: FamilySpec, full: FamilySpec) -> bool:
    """Whether a frame may have fewer pixels by `low` than by `full`."""
    return low.frame.max_pixels < full.frame.max_pixels


def smaller_frames(spec: FamilySpec, config: EngineConfig, tokens: int) -> FamilySpec:
    """With frames of `tokens` tokens at most, but no fewer pixels than the model's own least. As it is where the config
    says how many there are to be, or the model was trained on some grids only."""
    if config.max_pixels is not None or spec.grids:
        return spec
    low, high = spec.frame.min_pixels, spec.frame.max_pixels
    return replace(spec, frame=ModelLimits(low, min(high, max(low, tokens * spec.factor**2))))


def gate_of(power: PowerMode, own: float | None) -> float | None:
    """A camera's motion_gate, as a model sees it; `own`: as the camera is configured."""
    return LOW_POWER_GATE if power.low and own is None else own
