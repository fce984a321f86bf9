"""`bench engine` runs anywhere: every step gives its figures, and what fails is named."""

import json
from pathlib import Path

import pytest

from askcam.engine import bench_engine
from askcam.engine import measuring_live as measuring

LINE = "--frames 4 8 --tokens 4 --repeats 1 --together 2 --growing 2 --cameras 2 --seconds 1.5 --device cpu"


def run(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[dict[str, object], str]:
    bench_engine.run([*LINE.split(), *more])
    out = capsys.readouterr().out
    return json.loads(out.splitlines()[-1]), out


def test_every_step_gives_its_figures(builtin: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found, out = run(capsys, "--model", str(builtin), "--compiled", "--out", str(tmp_path / "found.json"))
    assert found["errors"] == {}
    for name in ("portable, 8 frames", "compiled, 8 frames", "live, 8 frames", "live, 8 frames, provisional pair"):
        row = found[name]
        assert isinstance(row, dict)
        assert row["first_token_ms"] > 0
        assert row["tokens_per_s"] > 0
    sustained = found["live, cameras sustained"]
    assert isinstance(sustained, dict)
    assert sustained["checks"] == 6  # two cameras, two frames a second, a second and a half
    assert isinstance(found["ttft_ratio"], float)
    assert "these are no GPU figures" in out
    assert json.loads((tmp_path / "found.json").read_text())["live, 8 frames"] == {
        key: value
        for key, value in found["live, 8 frames"].items()
        if key != "share_of_floor"  # type: ignore[attr-defined]
    }


def test_a_step_that_fails_is_named_and_the_others_go_on(
    builtin: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("no together today")

    monkeypatch.setattr(measuring, "together", broken)
    with pytest.raises(SystemExit) as ended:
        run(capsys, "--model", str(builtin))
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "FAILED: RuntimeError: no together today" in out
    assert "live, cameras sustained" in json.loads(out.splitlines()[-1])


def test_windows_longer_than_the_models_are_refused(builtin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench_engine.run(["--model", str(builtin), "--device", "cpu", "--frames", "64"])
    assert ended.value.code == 2
    assert "want fewer --frames" in capsys.readouterr().err
