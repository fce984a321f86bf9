"""What is said of the power that a model runs in."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from askcam.app.commands.power import cameras_in_words, full_power, low_power, power_values
from askcam.app.commands.slow import note_full_power, run_of
from askcam.app.config import CameraEntry, Config
from askcam.app.measured import MeasuredModels
from askcam.engine.interface import ModelInfo, PowerMode
from askcam.server.terminal.words import speak
from askcam.stream.camera import CameraConfig

INFO = ModelInfo("some/model", "qwen2_vl", "live", "cpu", "float32", 2_000_000_000, 16, 32768)
MEASURED = PowerMode(low=True, wanted_fps=2.0, full_fps=0.123, held_fps=0.8)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    speak("en")


def engine(power: PowerMode) -> Any:
    fit = SimpleNamespace(width=224, height=168)
    return SimpleNamespace(info=replace(INFO, power=power), fit=lambda width, height: fit)


def test_one_line_has_the_figures() -> None:
    assert low_power(engine(MEASURED)) == (
        "low-power mode: this machine holds about 0.12 of the 2 fps wanted in full power, about 0.8 in this mode "
        "(measured at the start): one window at a time, frames of 224x168, pairs only where something moves. "
        "--power full keeps it out"
    )
    speak("zh")
    said = low_power(engine(MEASURED))
    assert said.startswith("低功耗模式")
    assert all(part in said for part in ("0.12", "2 fps", "0.8", "224x168", "--power full"))


def test_what_was_asked_for_has_none() -> None:
    said = low_power(engine(PowerMode(low=True)))
    assert said.startswith("low-power mode, as asked: one window at a time, frames of 224x168")


def test_full_power_that_was_measured_is_told_by_doctor() -> None:
    info = replace(INFO, power=PowerMode(False, 2.0, 31.24, 31.24))
    assert full_power(info).startswith("full: estimated at the start, ")
    assert full_power(info).endswith(", 31.2 fps of all cameras together are held, and 2 wanted")
    assert power_values(info) == {
        "power": "full",
        "wanted_fps": 2.0,
        "full_fps": 31.24,
        "held_fps": 31.24,
    }


def test_what_low_power_takes_is_not_kept_as_what_full_power_takes() -> None:
    one, other = run_of(engine(PowerMode()), "m"), run_of(engine(MEASURED), "m")
    assert one != other
    assert one.backend == "live"


def test_askcam_models_goes_by_what_full_power_was_measured_to_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    slow = replace(MEASURED, pixels=448 * 336)
    note_full_power(engine(slow), "m")
    found = MeasuredModels().of(run_of(engine(PowerMode()), "m"))
    assert found is not None
    assert (found.frame_s, found.pixels) == (pytest.approx(0.75 / 0.123), 448 * 336)
    assert MeasuredModels().of(run_of(engine(slow), "m")) is None
    note_full_power(engine(PowerMode(low=True)), "n")  # asked for, so nothing was measured
    assert MeasuredModels().of(run_of(engine(PowerMode()), "n")) is None


def test_a_servers_cameras_together_are_what_is_wanted() -> None:
    def with_rates(*rates: float) -> Config:
        return Config(
            cameras={f"c{i}": CameraEntry("synthetic:7", CameraConfig(fps=fps)) for i, fps in enumerate(rates)}
        )

    assert with_rates().wanted_fps() == 2.0
    assert with_rates(0.5).wanted_fps() == 0.5
    assert with_rates(2.0, 1.0, 4.0).wanted_fps() == 7.0


@pytest.mark.parametrize(("number", "said"), [(0, "0 cameras"), (1, "1 camera"), (3, "3 cameras")])
def test_one_camera_is_no_plural(number: int, said: str) -> None:
    assert cameras_in_words(number) == said
