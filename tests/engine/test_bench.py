"""The benchmark's command, on a toy: a table for people, one line of JSON for programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from askcam.engine.bench import command as bench


def test_a_toy_is_measured_stage_by_stage(capsys: pytest.CaptureFixture[str]) -> None:
    bench.run(["portable", "--tiny", "--frames", "4", "8", "--repeats", "2", "--tokens", "3"])
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out[2:6]] == ["frames", "size", "prompt", "answer"]
    found = json.loads(out[-1])
    assert (found["bench"], found["model"], found["repeats"]) == ("portable", "random-tiny", 2)
    short, long = found["rows"]
    assert (short["frames"], long["frames"]) == (4, 8)
    assert long["prompt_tokens"] - short["prompt_tokens"] == 2 * 3 * 4
    assert short["answer_tokens"] == 3
    for row in found["rows"]:
        stages = [row[f"{name}_ms"] for name in ("wait", "preprocess", "vision", "prefill", "decode")]
        assert min(stages) > 0
        assert sum(stages[:4]) <= row["first_token_ms"] * 1.5  # medians of parts, not parts of a median
        assert row["first_token_ms"] < row["total_ms"]


def test_more_frames_than_the_model_takes(builtin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.run(["portable", "--frames", "18"], default_model=str(builtin))
    assert caught.value.code == 2
    assert "takes at most 16 frames, not 18" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["portable"], "one of the arguments --model --shape --tiny is required"),
        (["portable", "--tiny", "--frames", "7"], "7 frames are no whole pairs"),
        (["portable", "--tiny", "--repeats", "0"], "0 is not 1 or more"),
        (["portable", "--tiny", "--size", "big"], "big"),
    ],
)
def test_wrong_arguments(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.run(argv)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_an_impossible_model_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.run(["portable", "--model", str(tmp_path)])
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"bench: {str(tmp_path)!r} is no model folder: it has no config.json\n"


def test_it_needs_neither_qwen_vl_utils_nor_opencv_nor_accelerate_nor_an_installation(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    (tmp_path / "askcam").mkdir()
    for room in ("engine", "stream"):
        (tmp_path / "askcam" / room).symlink_to(root / room)
    blocked = ["cv2", "av", "qwen_vl_utils", "accelerate", "msgspec", "starlette", "askcam.server", "askcam.demo"]
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; sys.modules.update(dict.fromkeys({blocked!r}))\n"
        "from askcam.engine.bench import command as bench\n"
        f"assert bench.__file__.startswith({str(tmp_path)!r}), bench.__file__\n"
        "bench.run(['portable', '--tiny', '--repeats', '1', '--tokens', '2'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["rows"][0]["frames"] == 8
