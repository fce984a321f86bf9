"""How many cameras fit into so much memory, and what would fit where one does not. Pure."""

from dataclasses import dataclass, replace
from typing import Any

from askcam.engine.families.spec import FamilySpec
from askcam.engine.live.windows import max_windows
from askcam.stream.window import Anchors

HEAD_TOKENS = 64  # of a window, before its first pair; a guess for planning
STAMP_TOKENS = 16  # around a pair, in families that stamp them; likewise
SHORTEST = 2  # pairs


@dataclass(frozen=True, slots=True)
class Need:
    """What cameras of one model take of the KV pool, at most."""

    row_bytes: int  # keys and values of one token, all layers
    max_pairs: int  # of the longest window
    frame_tokens: int  # of the largest frame, which is a pair's too
    text_tokens: int  # around a pair
    factor: int  # pixels of a token's side

    @classmethod
    def of(cls, config: Any, itemsize: int, spec: FamilySpec, max_pairs: int) -> "Need":
        """`config`: transformers' configuration of the model; `itemsize`: bytes of one number."""
        text = config.get_text_config()
        head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        return cls(
            row_bytes=text.num_hidden_layers * 2 * text.num_key_value_heads * head_dim * itemsize,
            max_pairs=max_pairs,
            frame_tokens=spec.frame.max_pixels // spec.factor**2,
            text_tokens=STAMP_TOKENS if spec.stamped_pairs else 0,
            factor=spec.factor,
        )

    @property
    def camera_rows(self) -> int:
        """For all windows that one camera has at once."""
        anchors = Anchors.within(self.max_pairs)
        return max_windows(anchors) * (HEAD_TOKENS + anchors.max_pairs * (self.frame_tokens + self.text_tokens))

    @property
    def camera_bytes(self) -> int:
        return self.camera_rows * self.row_bytes

    def refusal(self, budget: int) -> str | None:
        """Why `budget` bytes are too few, and what they would hold; None if they hold a camera."""
        if self.camera_bytes <= budget:
            return None
        said = (
            f"{_gb(budget)} for windows do not hold one camera, which takes {_gb(self.camera_bytes)} "
            f"({self.max_pairs} pairs of frames of up to {self.frame_tokens} tokens)"
        )
        fitting = []
        shorter = [pairs for pairs in range(SHORTEST, self.max_pairs) if self._with(max_pairs=pairs) <= budget]
        if shorter:
            fitting.append(f"windows of {shorter[-1]} pairs (max_pairs)")
        smaller = [tokens for tokens in range(1, self.frame_tokens) if self._with(frame_tokens=tokens) <= budget]
        if smaller:
            fitting.append(f"frames of {smaller[-1] * self.factor**2} pixels (max_pixels)")
        return f"{said}; it would hold one with {' or '.join(fitting)}" if fitting else f"{said}, nor a shorter one"

    def _with(self, **changes: int) -> int:
        return replace(self, **changes).camera_bytes


def _gb(count: int) -> str:
    return f"{count / 1e9:.2f} GB"
