"""The live backend proves itself before it is used; where it cannot, the portable one answers and says why."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.live import torch_delta
from askcam.engine.live.build import make_model
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.selftest import selftest
from askcam.engine.loading import Loaded
from askcam.engine.open import open_engine

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")


@pytest.mark.parametrize("kind", FAMILIES)
def test_all_is_well_with_every_family(kind: str, sharp: Callable[[str], Loaded]) -> None:
    loaded = sharp(kind)
    model = make_model(loaded, EngineConfig("tiny"))
    checks = selftest(loaded, model, LivePrompter(loaded, "trained"))
    assert [check.name for check in checks][-1] == "logits"
    assert len(checks) == 4
    assert all(check.ok for check in checks), checks
    assert model.pool.stats().used_rows == 0


def test_a_rope_index_that_counts_differently_is_found(
    sharp: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = sharp("qwen2_vl")
    stock = loaded.model.model.get_rope_index

    def other(*args: Any, **kwargs: Any) -> Any:
        found, delta = stock(*args, **kwargs)
        found[:, :, -3:] += 1
        return found, delta

    monkeypatch.setattr(loaded.model.model, "get_rope_index", other)
    checks = selftest(loaded, make_model(loaded, EngineConfig("tiny")), LivePrompter(loaded, "trained"))
    assert [check.ok for check in checks] == [False, False, False, True]
    assert "3 of" in checks[0].detail


def test_a_model_that_computes_something_else_goes_portable_and_it_is_said_why(
    tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import transformers

    attention = transformers.models.qwen2_vl.modeling_qwen2_vl.Qwen2VLAttention
    stock = attention.forward

    def other(self: Any, hidden_states: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        return stock(self, hidden_states * 1.5, *args, **kwargs)

    monkeypatch.setattr(attention, "forward", other)
    with caplog.at_level(logging.WARNING, "askcam.engine"):
        engine = open_engine(EngineConfig(str(tiny_model("qwen2_vl")), backend="auto"))
    try:
        assert engine.info.backend == "portable"
    finally:
        engine.close()
    assert "the live backend is not exact here: logits: differ from transformers' by" in caplog.text
    with pytest.raises(ModelError, match="not exact here"):
        open_engine(EngineConfig(str(tiny_model("qwen2_vl")), backend="live"))


def test_a_state_that_lacks_one_token_of_its_convolution_is_found(
    sharp: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = torch_delta._convolved

    def lacking(qkv: torch.Tensor, weights: Any, recent: torch.Tensor, span: Any) -> torch.Tensor:
        out = whole(qkv, weights, recent, span)
        recent[span.write, 0] = 0.0
        return out

    monkeypatch.setattr(torch_delta, "_convolved", lacking)
    loaded = sharp("qwen3_5")
    checks = selftest(loaded, make_model(loaded, EngineConfig("tiny")), LivePrompter(loaded, "trained"))
    assert [check.ok for check in checks] == [True, True, True, False]
    assert "differ from transformers' by" in checks[-1].detail


def test_too_little_memory_says_what_one_camera_takes(tiny_model: Callable[[str], Path]) -> None:
    with pytest.raises(ModelError, match=r"0\.00 GB for windows do not hold one camera, which takes 0\.0\d GB"):
        open_engine(EngineConfig(str(tiny_model("qwen2_vl")), backend="live", kv_gb=0.0001))
