"""Which model to take on a machine, and what helps where one is too slow. Pure.

What was measured goes before what is calculated, model by model.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from askcam.engine.catalogue.catalogue import BUILT_IN, CatalogueModel
from askcam.engine.catalogue.estimate import CAMERA_FPS, Estimate, HostMachine, estimate, pair_flops
from askcam.engine.power import SPARE

PATIENT_S = 2.0  # to a first word
LEAST_TOKENS = 16  # of a frame: with fewer pixels a model sees next to nothing


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """What a model took on this machine: for a frame of so many pixels, to a first word; None: it could not be told."""

    frame_s: float | None
    first_word_s: float | None
    pixels: int


@dataclass(frozen=True, slots=True)
class ModelHere:
    """A model on this machine. `measured`: its seconds were; otherwise they are calculated."""

    model: CatalogueModel
    bytes: Estimate
    frame_s: float
    first_word_s: float
    cameras: int  # at CAMERA_FPS
    measured: bool

    @property
    def fps(self) -> float:
        """That one camera gets."""
        return SPARE / self.frame_s


@dataclass(frozen=True, slots=True)
class Helps:
    """What would help a model that is too slow; None and False where that would not, or is not known to."""

    smaller: ModelHere | None
    bfloat16: bool
    max_pixels: int | None
    fps: float  # of all cameras together, that it keeps up with


def here(model: CatalogueModel, machine: HostMachine, measured: MeasuredModel | None) -> ModelHere:
    found = estimate(model, machine)
    frame_s = measured.frame_s if measured is not None else None
    first_s = measured.first_word_s if measured is not None else None
    cameras = found.cameras
    if frame_s is not None:
        held = found.held if found.fits else 0
        cameras = min(held, int(SPARE / frame_s / CAMERA_FPS))
    return ModelHere(
        model, found, frame_s or found.frame_s, first_s or found.first_word_s, cameras, frame_s is not None
    )


def recommended(models: Iterable[ModelHere]) -> ModelHere | None:
    """The largest that keeps up with a camera and answers soon, of those that everybody may use; where none does, the
    quickest that fits."""
    able = [each for each in models if each.model.supported and each.bytes.fits and each.model.name != BUILT_IN]
    free = [each for each in able if each.model.licence == "Apache-2.0"]
    quick = [each for each in free if each.cameras and each.first_word_s <= PATIENT_S]
    if quick:
        return max(quick, key=lambda each: each.model.parameters)
    return min(free, key=lambda each: each.frame_s, default=None)


def helps(
    slow: CatalogueModel | None,
    others: Iterable[CatalogueModel],
    machine: HostMachine,
    measured: MeasuredModel,
    quick_bfloat16: bool,
    wanted_fps: float = CAMERA_FPS,
) -> Helps:
    """`slow`: the model that runs, if the catalogue has it. What others would take is reckoned from what it takes.
    `wanted_fps`: frames a second of all cameras together."""
    assert measured.frame_s is not None
    fps = SPARE / measured.frame_s
    pixels = int(measured.pixels * min(1.0, fps / wanted_fps))
    side = 32 if slow is None else slow.factor
    smaller = None
    if slow is not None:
        like_it = replace(machine, flops=pair_flops(slow) / 2 / measured.frame_s)
        smaller = _smaller(slow, [here(each, like_it, None) for each in others])
    return Helps(
        smaller=smaller,
        bfloat16=machine.dtype == "float32" and (machine.device != "cpu" or quick_bfloat16),
        max_pixels=pixels if pixels >= LEAST_TOKENS * side**2 and fps < wanted_fps else None,
        fps=fps,
    )


def _smaller(slow: CatalogueModel, others: Iterable[ModelHere]) -> ModelHere | None:
    """The largest that keeps up with a camera, else the quickest if it is twice as quick."""
    able = [
        each
        for each in others
        if each.model.supported
        and each.bytes.fits
        and BUILT_IN not in (each.model.name, slow.name)
        and each.model.licence == "Apache-2.0"
        and pair_flops(each.model) < pair_flops(slow) / 2
    ]
    enough = [each for each in able if each.cameras]
    if enough:
        return max(enough, key=lambda each: each.model.parameters)
    return min(able, key=lambda each: each.frame_s, default=None)
