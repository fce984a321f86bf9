"""Several models on one machine: whether they fit together is known before any weights are read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.demo.builtin import model_path
from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.machine_memory import MemoryLeft
from askcam.engine.open import sharing_memory
from askcam.engine.stored import with_beside
from askcam.engine.together import WeightsNeed, divided

GB = 1_000_000_000
MODEL = st.tuples(st.integers(0, 20 * GB), st.none() | st.floats(0.01, 8.0))


@given(st.lists(MODEL, min_size=2, max_size=4), st.integers(0, 64 * GB))
def test_what_fits_has_room_for_all_and_what_does_not_is_refused(
    models: list[tuple[int, float | None]], left: int
) -> None:
    configs = {f"m{i}": EngineConfig("x", kv_gb=kv_gb) for i, (_, kv_gb) in enumerate(models)}
    needs = {f"m{i}": WeightsNeed("cpu", weights) for i, (weights, _) in enumerate(models)}
    weights = sum(with_beside(need.num_bytes) for need in needs.values())
    asked = sum(kv_gb or 0.0 for _, kv_gb in models) * GB
    if weights + asked > left:
        with pytest.raises(ModelError, match="'m0' and 'm1'"):
            divided(configs, needs, MemoryLeft(left, "free on this machine"))
        return
    shares = divided(configs, needs, MemoryLeft(left, "free on this machine"))
    given = [config.kv_gb for config in shares.values()]
    assert weights + sum(kv_gb * GB for kv_gb in given if kv_gb is not None) <= left + len(models)
    assert all(kv_gb is not None for kv_gb in given)
    assert all(shares[name].kv_gb == config.kv_gb for name, config in configs.items() if config.kv_gb is not None)


def test_one_gpu_holds_one_of_them() -> None:
    configs = {name: EngineConfig("x") for name in ("one", "two", "three")}
    left = MemoryLeft(100 * GB, "free on this machine")
    on_gpu = {"one": WeightsNeed("cuda", GB), "two": WeightsNeed("cuda", GB), "three": WeightsNeed("cpu", GB)}
    with pytest.raises(ModelError, match="'one' and 'two' would share a GPU"):
        divided(configs, on_gpu, left)
    shares = divided(configs, {**on_gpu, "two": WeightsNeed("cpu", GB)}, left)
    assert shares["one"].kv_gb is None  # all of its GPU
    assert shares["two"].kv_gb == shares["three"].kv_gb


def test_what_runs_elsewhere_takes_nothing_here_and_one_model_shares_with_none(tmp_path: Path) -> None:
    missing = str(tmp_path / "no-model")  # nothing is looked for
    configs = {"here": EngineConfig(missing), "there": EngineConfig("", url="http://gpu1/v1")}
    assert sharing_memory(configs, lambda what, share: None) == configs


def test_real_models_share_what_is_left() -> None:
    configs = {name: EngineConfig(str(model_path()), device="cpu") for name in ("one", "two")}
    configs["there"] = EngineConfig("", url="http://gpu1/v1")
    shares = sharing_memory(configs, lambda what, share: None)
    assert shares["there"] == configs["there"]
    assert shares["one"].kv_gb == shares["two"].kv_gb
    assert shares["one"].kv_gb is not None
