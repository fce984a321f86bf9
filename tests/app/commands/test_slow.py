"""What is said of a model that is too slow here: when, what helps, and that it is known at the next start."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.app.commands.slow import (
    LEAST_FPS,
    STEADILY,
    SteadilySlow,
    note_measured,
    of_paces,
    run_of,
    telling_slow,
    too_slow,
    what_helps,
)
from askcam.app.measured import MeasuredModels
from askcam.demo.builtin import model_path
from askcam.engine.catalogue.advice import MeasuredModel
from askcam.engine.catalogue.catalogue import BUILT_IN
from askcam.engine.interface import Engine, EngineConfig, PowerMode, SeenPace
from askcam.engine.open import open_engine
from askcam.engine.power import SPARE

SLOW = SeenPace(every_s=2.0, wanted_s=0.5, brought_s=0.5, behind_s=4.0)
QUICK = SeenPace(every_s=0.5, wanted_s=0.5, brought_s=0.5, behind_s=0.0)
MEASURED = MeasuredModel(frame_s=1.5, first_word_s=6.0, pixels=448 * 448)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = open_engine(EngineConfig(str(model_path()), device="cpu", threads=1))
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_moment_of_slowness_is_not_told_and_a_steady_one_is() -> None:
    seen = SteadilySlow()
    for _ in range(STEADILY - 1):
        assert not seen.look({"lobby": SLOW, "yard": QUICK})
    assert not seen.look({"lobby": QUICK, "yard": QUICK})
    looks = [seen.look({"lobby": SLOW}) for _ in range(STEADILY)]
    assert looks == [False] * (STEADILY - 1) + [True]
    assert not SteadilySlow().look({})


def test_what_a_frame_takes_follows_from_all_cameras(engine: Engine) -> None:
    fit = engine.fit(640, 480)
    assert of_paces({"a": SLOW}, engine) == MeasuredModel(1.5, None, fit.width * fit.height)
    assert of_paces({"a": SLOW, "b": SLOW}, engine).frame_s == 0.75
    assert too_slow(of_paces({"a": SLOW}, engine))
    assert not too_slow(MeasuredModel(0.1, None, 1))
    assert not too_slow(MeasuredModel(None, 9.0, 1))


def test_what_helps_is_named_with_its_numbers(engine: Engine) -> None:
    said = what_helps(engine, "Qwen/Qwen3-VL-8B-Instruct", MEASURED)
    assert "a smaller model (--model " in said
    assert "(fps = 0.5 of a camera)" in said
    assert "(max_pixels = 50176)" in said  # a quarter, for a quarter of the rate
    assert said.endswith("low power (--power low), a GPU")
    assert "a smaller model (askcam models)" in what_helps(engine, "nobody/tiny", MEASURED)
    assert "smaller model" not in what_helps(engine, BUILT_IN, MEASURED)
    assert "a smaller model (askcam models)" in what_helps(engine, "nobody/tiny", MeasuredModel(None, 9.0, 1))


@given(
    frame_s=st.floats(0.001, 60.0), wanted=st.lists(st.sampled_from((0.1, 0.5, 1.0, 2.0, 5.0)), min_size=1, max_size=6)
)
def test_fewer_frames_are_fewer_than_now_and_so_many_that_all_are_held(
    engine: Engine, frame_s: float, wanted: list[float]
) -> None:
    said = what_helps(engine, "nobody/tiny", MeasuredModel(frame_s, None, 448 * 448), wanted)
    named = re.search(r"\(fps = ([\d.]+) of (?:a camera|each of the (\d+) cameras)\)", said)
    held = SPARE / frame_s
    if named is None:
        assert held / len(wanted) >= max(wanted) or held / len(wanted) < LEAST_FPS + 0.01
    else:
        assert LEAST_FPS <= float(named[1]) < max(wanted)
        assert float(named[1]) * len(wanted) <= held * (1 + 1e-9)
        assert int(named[2] or 1) == len(wanted)


class OtherInfo:
    """An engine that says something else of itself."""

    def __init__(self, engine: Engine, **other: Any) -> None:
        self._engine, self.info = engine, replace(engine.info, **other)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@pytest.mark.parametrize(
    ("why", "units", "said"),
    [("", True, True), ("", False, False), ("float32: exact, and this model is small enough for it", True, False)],
)
def test_bfloat16_is_named_only_where_nothing_speaks_for_float32(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, why: str, units: bool, said: bool
) -> None:
    monkeypatch.setattr("askcam.engine.cpu_dtype.has_units", lambda: units)
    other: Any = OtherInfo(engine, why_dtype=why)
    assert ("--dtype bfloat16" in what_helps(other, "nobody/tiny", MEASURED)) is said


def test_low_power_is_named_where_it_is_not_on_and_can_be_asked_for(engine: Engine) -> None:
    low: Any = OtherInfo(engine, power=PowerMode(low=True))
    portable: Any = OtherInfo(engine, backend="portable")
    assert "--power low" in what_helps(engine, "nobody/tiny", MEASURED)
    assert "--power low" not in what_helps(low, "nobody/tiny", MEASURED)
    assert "--power low" not in what_helps(portable, "nobody/tiny", MEASURED)
    assert "--power low" not in what_helps(engine, "nobody/tiny", MEASURED, watching=False)


async def test_what_was_measured_before_is_told_at_once(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    note_measured(engine, "nobody/tiny", MEASURED)
    async with telling_slow(engine, "nobody/tiny", json=True):
        for _ in range(300):
            await asyncio.sleep(0.05)
            if said := capsys.readouterr().out:
                break
    told = json.loads(said)
    assert (told["event"], told["frame_s"]) == ("slow", 1.5)
    assert "fewer frames (fps = 0.5 of a camera)" in told["helps"]


async def test_nothing_is_told_of_a_model_that_keeps_up(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    async with telling_slow(engine, "nobody/tiny", json=True):
        await asyncio.sleep(0.2)
    assert capsys.readouterr() == ("", "")
    assert MeasuredModels().of(run_of(engine, "nobody/tiny")) is None
