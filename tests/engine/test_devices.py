"""Which device a model goes to, and that every thread that has it compute works on that one."""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from askcam.engine import opening
from askcam.engine.devices import device_of_thread, pick_device, roomiest, settle_device, working_on
from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.loading import FoundModel, Loaded
from askcam.engine.open import open_engine
from askcam.engine.portable import PortableEngine

SECOND = torch.device("cuda", 1)


@pytest.mark.parametrize(
    ("free", "weights", "want"),
    [
        ([24, 24], 16, 0),
        ([10, 24], 16, 1),  # not the first one, which others use
        ([24, 24], 20, None),  # on one there would be no room to work: over both
        ([16], 20, 0),  # there is no other: that it does not fit is said when it is loaded
        ([24, 24, 80], 60, 2),
    ],
)
def test_one_gpu_if_one_will_do(free: list[int], weights: int, want: int | None) -> None:
    assert roomiest(free, weights) == want


def test_a_device_that_was_named_is_taken() -> None:
    for name in ("cpu", "cuda:3", "mps"):
        assert settle_device(torch.device(name), 1 << 60) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda:99", "cpu cores", "tpu"])
def test_a_device_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ModelError, match=f"there is no device '{name}'"):
        pick_device(name)


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, torch.device | None]]:
    """What torch was told, by thread: the GPU that it is to work on from now on; None at the end of that."""
    found: list[tuple[str, torch.device | None]] = []

    @contextmanager
    def device(which: torch.device) -> Iterator[None]:
        found.append((threading.current_thread().name, which))
        try:
            yield
        finally:
            found.append((threading.current_thread().name, None))

    monkeypatch.setattr(torch.cuda, "device", device)
    return found


def test_a_thread_works_on_a_gpu_until_it_is_done_or_fails(entered: list[Any]) -> None:
    name = threading.current_thread().name
    with working_on(torch.device("cpu")):
        with working_on(SECOND):
            assert device_of_thread() == SECOND
            assert entered == [(name, SECOND)]
        assert device_of_thread() == torch.device("cpu")
    assert entered[1:] == [(name, None)]
    with pytest.raises(ZeroDivisionError), working_on(SECOND):
        raise ZeroDivisionError
    assert device_of_thread() is None
    assert entered[2:] == [(name, SECOND), (name, None)]


def test_the_engine_thread_works_on_the_model_s_gpu(loaded: Loaded, entered: list[Any]) -> None:
    own = replace(loaded, model=copy.deepcopy(loaded.model), device=SECOND)  # an engine puts hooks on its model
    engine = PortableEngine(own, EngineConfig("built-in", threads=1))
    engine.close()
    assert entered == [("askcam-engine", SECOND), ("askcam-engine", None)]


def test_whoever_opens_a_model_works_on_its_gpu_meanwhile(
    builtin: Path, entered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = opening.find

    def on_second(*args: Any) -> FoundModel:
        return replace(find(*args), device=SECOND)

    monkeypatch.setattr(opening, "find", on_second)
    with pytest.raises(ModelError, match="cuda:1"):
        open_engine(EngineConfig(str(builtin), backend="portable"))
    name = threading.current_thread().name
    assert entered == [(name, SECOND), (name, None)]


@pytest.mark.parametrize("backend", ["live", "portable"])
def test_no_thread_computes_that_has_not_said_on_what(
    backend: str,
    tiny_model: Callable[[str], Path],
    multiplied: set[tuple[str, torch.device | None]],
    view_of: Any,
    about: Any,
    answer: Any,
) -> None:
    engine: Any = open_engine(EngineConfig(str(tiny_model("qwen3_vl")), threads=1, backend=backend))  # type: ignore[arg-type]
    view = view_of(engine.fit(96, 64).width, engine.fit(96, 64).height, 5)

    class Still:
        name = "lobby"
        look = staticmethod(lambda: view)

    try:
        engine.attach(Still())
        answer(engine, about("What is this?", max_tokens=3))
    finally:
        engine.close()
    assert {device for _, device in multiplied} == {torch.device("cpu")}
    opener = {threading.current_thread().name} if backend == "live" else set()  # it compares with transformers
    assert {name for name, _ in multiplied} == {"askcam-engine"} | opener
