"""What `bench portable` is told to measure, and what it brings: a row for each window length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    what: str  # "portable"
    model: str | None  # a folder or hub id
    shape: str | None  # random weights instead: "2b", "7b", "tiny"
    frames: Sequence[int]  # window lengths, even
    size: tuple[int, int] | None  # width and height of the camera's picture; None: the model's usual
    tokens: int  # longest answer
    repeats: int  # questions per window
    threads: int | None  # on a CPU
    device: str
    dtype: str
    say: Callable[[str], None]  # progress, for people


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one window length, in milliseconds."""

    frames: int
    width: int
    height: int
    prompt_tokens: int
    answer_tokens: int
    wait_ms: float
    preprocess_ms: float
    vision_ms: float
    prefill_ms: float
    first_token_ms: float
    decode_ms: float
    total_ms: float
    tokens_per_s: float  # after the first
