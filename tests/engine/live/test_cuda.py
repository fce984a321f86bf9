"""What a GPU, its Triton or its driver cannot do is left out with a line in the log, and the engine does without."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.live import build, cuda
from askcam.engine.live.build import make_model
from askcam.engine.live.cuda import choose_ops, settle_ops, settle_passes
from askcam.engine.live.language import Language
from askcam.engine.live.passes import Plain
from askcam.engine.live.torch_ops import TorchOps
from askcam.engine.loading import Loaded
from askcam.engine.open import open_engine
from askcam.engine.weights import dtype_for

GPU = torch.device("cuda", 0)
OURS = ("askcam.engine.live.triton_ops", "askcam.engine.live.kernels")


@pytest.fixture
def triton_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModuleType | None], None]:
    """triton_is(None): what imports Triton from now on finds this instead."""

    def put(found: ModuleType | None) -> None:
        for name in list(sys.modules):
            if name.startswith(OURS):
                monkeypatch.delitem(sys.modules, name)
            elif name == "triton" or name.startswith("triton."):
                monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setitem(sys.modules, "triton", found)

    return put


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """lines(): the one line that was logged."""
    caplog.set_level(logging.WARNING, "askcam.engine")

    def one() -> str:
        (record,) = caplog.records
        said = record.getMessage()
        assert "\n" not in said
        return said

    return one


def test_without_triton_the_engine_runs_on_torch(triton_is: Any, lines: Callable[[], str]) -> None:
    triton_is(None)
    assert isinstance(choose_ops(GPU), TorchOps)
    assert "Triton, which comes with torch on Linux, cannot be imported" in lines()


@pytest.mark.parametrize("lacks", ["knobs", "the waits of its kernels"])
def test_a_triton_of_old_is_not_used(lacks: str, triton_is: Any, lines: Callable[[], str]) -> None:
    """As torch 2.6 and 2.7 bring it."""
    old: Any = ModuleType("triton")
    old.__version__ = "3.2.0"
    old.__path__ = []
    if lacks != "knobs":
        old.knobs = ModuleType("triton.knobs")
        old.knobs.runtime = type("Runtime", (), {"interpret": False})
    triton_is(old)
    assert isinstance(choose_ops(GPU), TorchOps)
    assert "Triton 3.2.0 cannot be used, 3.4 or newer can, as of torch 2.8" in lines()


def test_a_package_that_breaks_as_it_likes_is_not_used(
    triton_is: Any, lines: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "triton.py").write_text('raise OSError("libcuda.so.1: cannot open shared object file\\nand so on")')
    monkeypatch.syspath_prepend(tmp_path)
    triton_is(None)
    del sys.modules["triton"]  # what lies first on the path is imported
    assert isinstance(choose_ops(GPU), TorchOps)
    assert "libcuda.so.1: cannot open shared object file" in lines()


@pytest.fixture
def on_kernels(sharp: Callable[[str], Loaded]) -> Language:
    """A language model that is to run on kernels, where there is no device that can."""
    pytest.importorskip("triton", reason="Triton is missing: it comes with torch on Linux")
    from askcam.engine.live.triton_ops import TritonOps

    language = Language(sharp("qwen2_vl").model, TritonOps())
    language.allocate(64)
    return language


def test_kernels_that_cannot_be_launched_are_not_used(on_kernels: Language, lines: Callable[[], str]) -> None:
    """Here for want of a driver, elsewhere of a compiler, or of a GPU that is new enough."""
    assert not settle_ops(on_kernels, lambda what: None)
    assert isinstance(on_kernels.ops, TorchOps)
    assert lines().startswith("the live backend runs on plain torch, slower: on this device a kernel does not run: ")


def test_kernels_that_cannot_be_timed_are_used_unplanned(
    on_kernels: Language, lines: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(language: Language) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nand a long story")

    monkeypatch.setattr(cuda, "check_ops", lambda language: None)
    monkeypatch.setattr("askcam.engine.live.tuning.tune", broken)
    assert settle_ops(on_kernels, lambda what: None)
    assert on_kernels.ops.plans == {}  # type: ignore[attr-defined]
    assert lines().endswith("cuBLAS multiplies: RuntimeError: operation not permitted when stream is capturing")


def test_without_graphs_passes_just_run(
    sharp: Callable[[str], Loaded], lines: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("CUDA graphs are not supported by this driver")

    model = make_model(sharp("qwen2_vl"), EngineConfig("tiny", kv_gb=0.01))
    monkeypatch.setattr(cuda, "Graphs", broken)
    found = settle_passes(model, lambda what: None)
    assert isinstance(found, Plain)
    assert found is model.passes
    assert "passes run without CUDA graphs, slower" in lines()


def test_a_card_that_is_too_small_is_said_before_its_memory_is_taken(
    sharp: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1 << 30, 6 << 30))
    with pytest.raises(ModelError, match="must stay free for passing values: it is too small for the live backend"):
        build._budget(GPU, EngineConfig("tiny"), 0)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4 << 30, 6 << 30))
    assert build._budget(GPU, EngineConfig("tiny"), 1 << 30) == 2 << 30  # a gigabyte is left alone
    assert build._budget(GPU, EngineConfig("tiny", kv_gb=1.5), 1 << 30) == 1_500_000_000
    with pytest.raises(ModelError, match=r"does not hold 2.50 GB for windows \(kv_gb\), but 2.15 GB at most"):
        build._budget(GPU, EngineConfig("tiny", kv_gb=2.5), 1 << 30)


@pytest.mark.parametrize(
    ("wanted", "stored", "offers"),
    [
        ("auto", torch.float32, True),
        ("auto", None, True),
        ("float32", torch.bfloat16, True),
        ("auto", torch.bfloat16, False),
        ("float16", torch.float32, False),
    ],
)
def test_float32_on_a_gpu_is_offered_bfloat16(wanted: str, stored: torch.dtype | None, offers: bool) -> None:
    _, why = dtype_for(wanted, GPU, {}, SimpleNamespace(dtype=stored))
    assert ("--dtype bfloat16" in why) == offers
    assert ("float32" in why) == offers


def test_a_model_over_several_gpus_is_portable_and_says_so(
    tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askcam.engine.checkpoint.settle_device", lambda device, weights_bytes: None)
    folder = str(tiny_model("qwen2_vl"))
    engine = open_engine(EngineConfig(folder, threads=1))
    engine.close()
    assert engine.info.backend == "portable"
    assert "are spread over several; the live backend wants one device" in engine.info.why_portable
    with pytest.raises(ModelError, match="fit into no single GPU"):
        open_engine(EngineConfig(folder, backend="live", threads=1))
