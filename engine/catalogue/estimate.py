"""What a model of the catalogue would take on a machine: bytes, cameras, seconds to a first word. Pure arithmetic.

The rule, which docs/models.md has in words: products are counted (two operations for a weight and a row), and
attention; everything else is not. They take what a block of a vision tower was measured to take on the machine per
operation. So the seconds are a best case, and say so: they are *calculated*. What was measured with the model itself
goes before.
"""

from dataclasses import dataclass

from askcam.engine.catalogue.catalogue import CatalogueModel
from askcam.engine.live.capacity import HEAD_TOKENS, STAMP_TOKENS, Need, state_bytes, windows_budget
from askcam.engine.power import SPARE
from askcam.engine.stored import with_beside
from askcam.stream.window import Anchors

CAMERA_FPS = 2.0  # of a camera, unless it is configured
QUESTION_TOKENS = 20
FRESH_S = 0.150  # the newest frame joins a question where that costs less (EngineConfig.fresh_ms)
PATCHES = 4  # of the vision tower for one token: two frames' patches are one
STATE_DIM, CONVOLUTION = 128, 3  # of a head of states · tokens that its convolution remembers


@dataclass(frozen=True, slots=True)
class HostMachine:
    """What a machine offers to a model."""

    name: str  # the device, in words
    device: str  # "cpu", "cuda"
    dtype: str  # that weights would be read in
    itemsize: int  # bytes of a weight then
    free_bytes: int  # for weights, windows and answers
    flops: float  # operations a second, of products with many rows
    bytes_s: float  # weights read in a second, by products with one row


@dataclass(frozen=True, slots=True)
class Estimate:
    """All calculated. `cameras` at CAMERA_FPS, by memory and by time; 0 where the model does not fit."""

    weights_bytes: int
    camera_bytes: int
    held: int  # cameras by memory alone
    frame_s: float  # of work for one frame
    first_word_s: float
    cameras: int

    @property
    def fits(self) -> bool:
        """The weights, and one camera beside them."""
        return self.held > 0


def estimate(model: CatalogueModel, machine: HostMachine) -> Estimate:
    weights = model.parameters * machine.itemsize
    camera = camera_bytes(model, machine.itemsize)
    left = machine.free_bytes - with_beside(weights)
    held = windows_budget(left, machine.device) // camera
    frame_s = pair_flops(model) / machine.flops / 2
    in_time = int(SPARE / frame_s / CAMERA_FPS)
    return Estimate(
        weights_bytes=weights,
        camera_bytes=camera,
        held=held,
        frame_s=frame_s,
        first_word_s=_first_word_s(model, machine),
        cameras=min(held, in_time),
    )


def camera_bytes(model: CatalogueModel, itemsize: int) -> int:
    """Of a camera's windows, at most: keys, values and states."""
    need = Need(
        row_bytes=model.attention_layers * 2 * model.kv_heads * model.head_dim * itemsize,
        max_pairs=model.max_pairs,
        frame_tokens=model.frame_tokens,
        text_tokens=STAMP_TOKENS if model.stamped_pairs else 0,
        factor=model.factor,
        slot_bytes=_state_bytes(model, itemsize),
    )
    return need.camera_bytes


def pair_flops(model: CatalogueModel) -> float:
    """Of taking a pair in: through the vision tower once, and into each of a camera's windows."""
    rows = model.pair_tokens + (STAMP_TOKENS if model.stamped_pairs else 0)
    over_time = _windows_over_time(Anchors.within(model.max_pairs))
    read = sum(_language_flops(model, rows, HEAD_TOKENS + pairs * rows) for windows in over_time for pairs in windows)
    return vision_flops(model) + read / len(over_time)


def question_flops(model: CatalogueModel) -> float:
    """Of a question's own words on a full window, up to its first word."""
    context = HEAD_TOKENS + Anchors.within(model.max_pairs).max_pairs * model.pair_tokens
    return _language_flops(model, QUESTION_TOKENS, context) + 2 * model.hidden * model.vocabulary


def vision_flops(model: CatalogueModel) -> float:
    """Of a pair, all patches attending to each other."""
    patches = model.pair_tokens * PATCHES
    return 2.0 * model.vision_parameters * patches + 4.0 * patches**2 * model.vision_width * model.vision_layers


def _language_flops(model: CatalogueModel, rows: int, context: int) -> float:
    attention = 4.0 * rows * context * model.heads * model.head_dim * model.attention_layers
    return 2.0 * model.layer_parameters * rows + attention


def _windows_over_time(anchors: Anchors) -> list[list[int]]:
    """How many pairs each window of a camera holds that has long been running, at each pair until all repeats."""
    moments = range(2 * anchors.max_pairs, 2 * anchors.max_pairs + anchors.hop)
    return [[now - start for start in anchors.live(now)] for now in moments]


def _first_word_s(model: CatalogueModel, machine: HostMachine) -> float:
    """All weights of the layers are read once at least; the newest frame joins where that is quick."""
    read = (model.layer_parameters + model.hidden * model.vocabulary) * machine.itemsize / machine.bytes_s
    words = max(question_flops(model) / machine.flops, read)
    context = Anchors.within(model.max_pairs).max_pairs * model.pair_tokens
    newest = (vision_flops(model) + _language_flops(model, model.pair_tokens, context)) / machine.flops
    return words + (newest if newest < FRESH_S else 0.0)


def _state_bytes(model: CatalogueModel, itemsize: int) -> int:
    """Of one window: what each layer that keeps states remembers, and the last tokens that its convolution sees."""
    if model.state_heads is None:
        return 0
    each = state_bytes(*model.state_heads, STATE_DIM, STATE_DIM, CONVOLUTION, itemsize)
    return (model.layers - model.attention_layers) * each
