"""What fits into so much memory, said before a byte of weights is read."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.live.capacity import (
    ANSWER_SLOTS,
    GPU_BESIDE,
    HEAD_TOKENS,
    Division,
    Need,
    card_refusal,
    windows_budget,
)
from askcam.engine.live.language import Language
from askcam.engine.live.statepool import OWN
from askcam.engine.live.torch_ops import TorchOps
from askcam.engine.live.windows import max_windows
from askcam.engine.loading import Loaded
from askcam.engine.open import open_engine
from askcam.stream.window import Anchors

NEED = Need(row_bytes=1000, max_pairs=8, frame_tokens=50, text_tokens=0, factor=28)


def test_a_camera_takes_all_its_windows_at_their_longest() -> None:
    anchors = Anchors.within(8)
    assert NEED.camera_rows == max_windows(anchors) * (HEAD_TOKENS + anchors.max_pairs * 50)
    assert NEED.refusal(NEED.camera_bytes) is None


def test_what_would_fit_is_said_and_is_true() -> None:
    said = NEED.refusal(NEED.camera_bytes - 1) or ""
    assert "do not hold one camera" in said
    assert "it would hold one with windows of 7 pairs (max_pairs) or frames of 38416 pixels (max_pixels)" in said
    assert said.endswith('or one window instead of two (power = "low")')
    assert 38416 == 49 * 28**2
    for fitting in (
        replace(NEED, low_power=True),
        Need(row_bytes=1000, max_pairs=7, frame_tokens=50, text_tokens=0, factor=28),
        Need(row_bytes=1000, max_pairs=8, frame_tokens=49, text_tokens=0, factor=28),
    ):
        assert fitting.refusal(NEED.camera_bytes - 1) is None
    assert (NEED.refusal(1) or "").endswith("nor a shorter one")


@pytest.mark.parametrize("answers", [1, 4, 32])
@pytest.mark.parametrize("cameras", [1, 2, 9])
def test_memory_of_a_model_that_keeps_states_is_divided_between_windows_and_answers(cameras: int, answers: int) -> None:
    need = replace(NEED, slot_bytes=40_000)
    budget = cameras * need.camera_bytes + need.least_bytes
    found = need.split(budget, answers)
    assert found.rows * need.row_bytes + (OWN + found.slots) * need.slot_bytes <= budget
    assert found.rows >= need.camera_rows
    left = found.slots - found.spare - need.camera_slots  # beside one camera's windows and what they grow into
    assert left >= ANSWER_SLOTS
    assert found.spare == need.spare_slots
    assert need.refusal(need.least_bytes) is None
    assert "do not hold one camera" in (need.refusal(need.least_bytes - 1) or "")


@pytest.mark.parametrize("free", [0, 1 << 30, (1 << 30) + 1, 4 << 30, 24 << 30])
@pytest.mark.parametrize("weights", [0, 1 << 30, 5 << 30])
def test_a_gpu_keeps_a_gigabyte_for_what_passes_or_is_too_small(free: int, weights: int) -> None:
    said, budget = card_refusal(free, weights), windows_budget(free - weights, "cuda")
    assert free - weights - budget >= min(GPU_BESIDE, free - weights)
    assert (said is None) == (budget > 0)
    assert ("the weights take" in (said or "")) == (said is not None and weights > 0)
    assert card_refusal(free, weights, budget) == said
    if said is None:
        assert "(kv_gb)" in (card_refusal(free, weights, free) or "")


def test_no_state_is_set_aside_where_none_is_kept() -> None:
    assert NEED.split(NEED.camera_bytes, 32) == Division(NEED.camera_rows)


def test_what_a_state_takes_is_what_the_model_says(tiny: Callable[[str], Loaded]) -> None:
    loaded = tiny("qwen3_5")
    language = Language(loaded.model, TorchOps(), interleaved=True)
    need = Need.of(loaded.model.config, 4, loaded.spec, 8)
    assert (need.row_bytes, need.slot_bytes) == (language.row_bytes, language.slot_bytes)
    language.allocate(1, 3)
    assert language.kv.nbytes == need.row_bytes
    assert sum(states.memory.nbytes + states.recent.nbytes for states in language.states) == 3 * need.slot_bytes


@pytest.mark.parametrize("backend", ["live", "auto"])
def test_it_is_said_before_the_weights_are_read(
    backend: str, builtin: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(builtin, folder)
    header = json.dumps({"strange": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    config = EngineConfig(str(folder), backend=backend, kv_gb=0.0001)  # type: ignore[arg-type]
    with pytest.raises(ModelError) as caught:
        open_engine(config)
    if backend == "live":
        assert "0.00 GB for windows do not hold one camera" in str(caught.value)
    else:  # then portable tries, and finds that they are not the model's
        assert "do not hold one camera" in caplog.text
        assert "lack" in str(caught.value)
