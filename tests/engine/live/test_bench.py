"""`bench engine` runs anywhere: every step gives its figures, and what fails is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from askcam.engine.bench import asking, command

LINE = "--frames 4 8 --tokens 4 --repeats 1 --together 2 --growing 2 --cameras 2 --seconds 1.5 --device cpu"


def run(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[dict[str, object], str]:
    command.run(["engine", *LINE.split(), *more])
    out = capsys.readouterr().out
    return json.loads(out.splitlines()[-1]), out


def test_every_step_gives_its_figures(
    tiny_model: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    multiplied: set[tuple[str, torch.device | None]],
) -> None:
    model = str(tiny_model("qwen2_vl"))
    found, out = run(capsys, "--model", model, "--compiled", "--rounding", "--out", str(tmp_path / "found.json"))
    assert found["errors"] == {}
    for name in ("portable, 8 frames", "compiled, 8 frames", "live, 8 frames", "live, 8 frames, provisional pair"):
        row = found[name]
        assert isinstance(row, dict)
        assert row["first_token_ms"] > 0
        assert row["tokens_per_s"] > 0
    sustained = found["live, cameras sustained"]
    assert isinstance(sustained, dict)
    assert sustained["checks"] == 6  # two cameras, two frames a second, a second and a half
    for name in ("ttft_ratio", "ttft_ratio_provisional", "longest_by_shortest", "together_tokens_ratio"):
        assert isinstance(found[name], float), name
    rounding = found["logits' relative error"]
    assert isinstance(rounding, dict)
    assert rounding["live"] < 1e-4
    assert "these are no GPU figures" in out
    assert {device for _, device in multiplied} == {torch.device("cpu")}  # each thread had said so
    assert json.loads((tmp_path / "found.json").read_text())["live, 8 frames"] == {
        key: value
        for key, value in found["live, 8 frames"].items()
        if key != "share_of_floor"  # type: ignore[attr-defined]
    }


def test_a_step_that_fails_is_named_and_the_others_go_on(
    tiny_model: Callable[[str], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("no together today")

    monkeypatch.setattr(asking, "together", broken)
    with pytest.raises(SystemExit) as ended:
        run(capsys, "--model", str(tiny_model("qwen2_vl")))
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "FAILED: RuntimeError: no together today" in out
    assert "live, cameras sustained" in json.loads(out.splitlines()[-1])


def test_windows_longer_than_the_models_are_refused_unless_wanted(
    tiny_model: Callable[[str], Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = Path(shutil.copytree(tiny_model("qwen2_vl"), tmp_path / "short"))
    (model / "askcam.json").write_text(json.dumps({"max_pairs": 8}))
    with pytest.raises(SystemExit) as ended:
        command.run(["engine", "--model", str(model), "--device", "cpu", "--frames", "64"])
    assert ended.value.code == 2
    assert "want fewer --frames" in capsys.readouterr().err
    found, _ = run(capsys, "--model", str(model), "--frames", "24", "--stretch")
    row = found["live, 24 frames, provisional pair"]
    assert isinstance(row, dict)
    assert row["vision_ms"] > 0  # of the provisional pair: each question brings another frame
