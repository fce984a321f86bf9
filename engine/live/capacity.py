"""How many cameras fit into so much memory, and what would fit where one does not. Pure."""

from dataclasses import dataclass, replace
from typing import Any

from askcam.engine.families.spec import FamilySpec
from askcam.engine.live.statepool import OWN
from askcam.engine.live.windows import max_windows
from askcam.engine.power import anchors_of
from askcam.stream.window import Anchors

HEAD_TOKENS = 64  # of a window, before its first pair; a guess for planning
STAMP_TOKENS = 16  # around a pair, in families that stamp them; likewise
SHORTEST = 2  # pairs
ANSWER_SLOTS = 2  # of states: what it reads and what it writes
ANSWERS_SHARE = 0.25  # of the memory, for their states at most
LINEAR = "linear_attention"  # a layer that keeps states, by its configuration's layer_types
CPU_SHARE, CPU_MOST = 0.5, 4 * 2**30  # of what a CPU has left, for windows and answers; used only when written
GPU_SHARE, GPU_BESIDE = 0.85, 1 << 30  # of what is free once the weights are there; passing values take the rest


@dataclass(frozen=True, slots=True)
class Division:
    """What memory is set aside as: rows of keys and values; slots of states, some of them for windows that grow."""

    rows: int
    slots: int = 0
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """What cameras of one model take of the memory that is set aside, at most."""

    row_bytes: int  # keys and values of one token, all layers
    max_pairs: int  # of the longest window
    frame_tokens: int  # of the largest frame, which is a pair's too
    text_tokens: int  # around a pair
    factor: int  # pixels of a token's side
    slot_bytes: int = 0  # states of one window or answer, all layers; 0: the model keeps none
    low_power: bool = False

    @classmethod
    def of(cls, config: Any, itemsize: int, spec: FamilySpec, max_pairs: int, low_power: bool = False) -> "Need":
        """`config`: transformers' configuration of the model; `itemsize`: bytes of one number."""
        text = config.get_text_config()
        head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        num_linear = list(getattr(text, "layer_types", None) or ()).count(LINEAR)
        return cls(
            row_bytes=(text.num_hidden_layers - num_linear) * 2 * text.num_key_value_heads * head_dim * itemsize,
            max_pairs=max_pairs,
            frame_tokens=spec.frame.max_pixels // spec.factor**2,
            text_tokens=STAMP_TOKENS if spec.stamped_pairs else 0,
            factor=spec.factor,
            slot_bytes=num_linear * _state_bytes(text, itemsize) if num_linear else 0,
            low_power=low_power,
        )

    @property
    def anchors(self) -> Anchors:
        return anchors_of(self.low_power, self.max_pairs)

    @property
    def camera_rows(self) -> int:
        """For all windows that one camera has at once."""
        anchors = self.anchors
        return max_windows(anchors) * (HEAD_TOKENS + anchors.max_pairs * (self.frame_tokens + self.text_tokens))

    @property
    def camera_slots(self) -> int:
        """Likewise: one for each window, and one for the head that they share."""
        return max_windows(self.anchors) + 1

    @property
    def spare_slots(self) -> int:
        """That windows grow into, and as many that a scoring may still read meanwhile."""
        return 2 * max_windows(self.anchors)

    @property
    def camera_bytes(self) -> int:
        return self.camera_rows * self.row_bytes + self.camera_slots * self.slot_bytes

    @property
    def least_bytes(self) -> int:
        """For one camera and one answer."""
        return self.camera_bytes + (OWN + self.spare_slots + ANSWER_SLOTS) * self.slot_bytes

    def split(self, budget: int, max_answering: int) -> Division:
        """How `budget` bytes, that hold a camera, are best divided; at most `max_answering` answers at once."""
        if not self.slot_bytes:
            return Division(budget // self.row_bytes)
        left = budget - (OWN + self.spare_slots) * self.slot_bytes
        each = ANSWER_SLOTS * self.slot_bytes
        answers = max(1, min(max_answering, int(left * ANSWERS_SHARE) // each))
        left -= answers * each
        cameras = max(1, left // self.camera_bytes)
        slots = cameras * self.camera_slots
        rows = (left - slots * self.slot_bytes) // self.row_bytes
        return Division(rows, slots + answers * ANSWER_SLOTS + self.spare_slots, self.spare_slots)

    def refusal(self, budget: int) -> str | None:
        """Why `budget` bytes are too few, and what they would hold; None if they hold a camera."""
        if self.least_bytes <= budget:
            return None
        said = (
            f"{_gb(budget)} for windows do not hold one camera, which takes {_gb(self.least_bytes)} "
            f"({self.max_pairs} pairs of frames of up to {self.frame_tokens} tokens)"
        )
        fitting = []
        shorter = [pairs for pairs in range(SHORTEST, self.max_pairs) if self._with(max_pairs=pairs) <= budget]
        if shorter:
            fitting.append(f"windows of {shorter[-1]} pairs (max_pairs)")
        smaller = [tokens for tokens in range(1, self.frame_tokens) if self._with(frame_tokens=tokens) <= budget]
        if smaller:
            fitting.append(f"frames of {smaller[-1] * self.factor**2} pixels (max_pixels)")
        if not self.low_power and self._with(low_power=True) <= budget:
            fitting.append('one window instead of two (power = "low")')
        return f"{said}; it would hold one with {' or '.join(fitting)}" if fitting else f"{said}, nor a shorter one"

    def _with(self, **changes: Any) -> int:
        return replace(self, **changes).least_bytes


def state_bytes(key_heads: int, value_heads: int, key_dim: int, value_dim: int, recent: int, itemsize: int) -> int:
    """Of one layer: what it remembers, in float32, and the `recent` tokens that its convolution sees."""
    keys, values = key_heads * key_dim, value_heads * value_dim
    return values * key_dim * 4 + recent * (2 * keys + values) * itemsize


def _state_bytes(text: Any, itemsize: int) -> int:
    """The same by a model's configuration."""
    return state_bytes(
        text.linear_num_key_heads,
        text.linear_num_value_heads,
        text.linear_key_head_dim,
        text.linear_value_head_dim,
        text.linear_conv_kernel_dim - 1,
        itemsize,
    )


def windows_budget(free: int, device: str) -> int:
    """Bytes for windows and answers, of those that are `free` once the weights are there; `device`: "cpu", "cuda"."""
    if device == "cuda":
        return max(0, min(int(free * GPU_SHARE), free - GPU_BESIDE))
    return max(0, min(int(free * CPU_SHARE), CPU_MOST))


def card_refusal(free: int, weights_bytes: int, wanted: int | None = None) -> str | None:
    """Why a GPU with so many bytes `free` cannot hold windows beside weights that still have to take `weights_bytes`;
    None if it can. `wanted`: bytes for windows, where somebody says so."""
    left = free - weights_bytes - GPU_BESIDE
    beside = f" and the weights take {_gb(weights_bytes)}" if weights_bytes else ""
    said = f"{_gb(free)} are free on this GPU{beside}, of which {_gb(GPU_BESIDE)} must stay free for passing values"
    if left <= 0:
        return f"{said}: it is too small for the live backend; use a smaller model, or end what else runs there"
    if wanted is not None and wanted > left:
        return f"{said}: it does not hold {_gb(wanted)} for windows (kv_gb), but {_gb(left)} at most"
    return None


def _gb(count: int) -> str:
    return f"{count / 1e9:.2f} GB"


def full(num_cameras: int, max_pairs: int) -> str:
    """Why one camera more is refused, and what helps."""
    return (
        f"the engine's memory holds the windows of {num_cameras} cameras; more would fit with more memory (kv_gb), "
        f"windows shorter than {max_pairs} pairs (max_pairs) or smaller frames (max_pixels)"
    )
