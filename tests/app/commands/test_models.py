"""askcam models and askcam pull, as a user runs them: against a hub on this machine, with a cache of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.hub import Hub, serving_hub
from support.program import askcam
from support.tiny_models import save_tiny
from support.waiting import until

from askcam.app.commands.models import models
from askcam.demo.builtin import model_path
from askcam.engine.catalogue.catalogue import catalogue
from askcam.engine.catalogue.estimate import HostMachine
from askcam.engine.cpu_dtype import has_units

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("qwen2_vl", model_path(), tmp_path_factory.mktemp("on-the-hub"))


@pytest.fixture
def hub(model: Path) -> Iterator[Hub]:
    with serving_hub({"nobody/tiny": model}) as served:
        yield served


def env_of(hub: Hub | None, tmp_path: Path, **more: str) -> dict[str, str]:
    """A machine of its own: its hub, its caches."""
    address = "http://127.0.0.1:9" if hub is None else hub.address
    return {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hf"), "XDG_CACHE_HOME": str(tmp_path / "cache"), **more}


def test_models_lists_what_runs_here(tmp_path: Path) -> None:
    done = askcam("models", "--device", "cpu", "--json", env=env_of(None, tmp_path))
    assert done.returncode == 0, done.stderr
    machine, *rows, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert (machine["device"], machine["dtype"]) == ("cpu", "bfloat16" if has_units() else "float32")
    assert [row["name"] for row in rows] == [*catalogue()]
    assert {row["seconds"] for row in rows} == {"calculated"}
    assert [row["name"] for row in rows if row["cached"]] == ["built-in"]
    assert last["recommended"] is None or last["recommended"] in catalogue()
    assert all(row["fits"] or not row["cameras"] for row in rows)


def test_models_shows_what_was_measured(tmp_path: Path) -> None:
    first = askcam("models", "--device", "cpu", "--json", env=env_of(None, tmp_path))
    machine = json.loads(first.stdout.splitlines()[0])["machine"]
    run = {"machine": machine, "model": "built-in", "dtype": "float32", "backend": "live"}
    (tmp_path / "cache" / "askcam").mkdir(parents=True)
    kept = [{"run": run, "measured": {"frame_s": 0.0625, "first_word_s": 0.125, "pixels": 42336}}]
    (tmp_path / "cache" / "askcam" / "measured.json").write_text(json.dumps(kept))
    done = askcam("models", "--device", "cpu", env={**env_of(None, tmp_path), "ASKCAM_LANG": "zh"})
    line = next(line for line in done.stdout.splitlines() if "built-in" in line)
    assert "可承载 6 个摄像头" in line
    assert "首字 0.12 秒" in line


SLOW = HostMachine("a board", "cpu", "bfloat16", 2, 14_000_000_000, 3e9, 10e9)


@pytest.mark.parametrize("machine", [SLOW, replace(SLOW, dtype="float32", itemsize=4)])
def test_the_heading_says_what_the_built_in_model_is_read_in(
    machine: HostMachine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("askcam.engine.catalogue.machine.this_machine", lambda device, dtype: machine)
    models("cpu", "auto", json=False)
    heading, *rows, advice = capsys.readouterr().out.splitlines()[: 2 * len(catalogue()) + 3]
    assert f"read in {machine.dtype}" in heading
    assert ("(the built-in one in float32)" in heading) is (machine.dtype == "bfloat16")
    best = next(row for row in rows if "qwen3.5:0.8b" in row)
    seconds = re.search(r"holds ~one at (\d+ s a frame)", best)
    assert seconds is not None
    assert seconds[1] in advice  # and not so many thousandths of a frame a second
    assert "--power low" in advice
    assert "--model-url" in advice
    assert " fps here; the quickest is qwen3.5:0.8b" in advice


def test_pull_brings_a_model_and_brings_it_once(hub: Hub, tmp_path: Path) -> None:
    done = askcam("pull", "nobody/tiny", "--json", env=env_of(hub, tmp_path))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert Path(said["folder"], WEIGHTS).is_file()
    assert said["came_bytes"] == said["bytes"] > 0
    assert said["compared"] == len(list(Path(said["folder"]).iterdir()))
    again = askcam("pull", "nobody/tiny", env=env_of(hub, tmp_path))
    assert "(0.00 GB of it came now; " in again.stdout


def test_pull_that_is_interrupted_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.stalls_after = 40_000
    program = [sys.executable, "-m", "askcam.app.cli", "pull", "nobody/tiny", "--json"]
    env = {**os.environ, **env_of(hub, tmp_path)}
    heard = {
        "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    }  # ignored where tests run in the background
    with subprocess.Popen(
        program, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **heard
    ) as process:
        blobs = tmp_path / "hf" / "hub" / "models--nobody--tiny" / "blobs"
        until(lambda: [each for each in blobs.glob("*.askcam") if each.stat().st_size == 40_000], "its beginning", 120)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    hub.go_on.set()
    assert process.returncode == 130
    assert err.strip() == "ended; what came is kept: the next pull goes on from there"
    hub.stalls_after = None
    done = askcam("pull", "nobody/tiny", "--json", env=env_of(hub, tmp_path))
    said = json.loads(done.stdout)
    assert any(wanted == "bytes=40000-" for _, wanted in hub.requested)
    assert said["came_bytes"] <= said["bytes"] - 40_000


def test_without_the_hub_what_is_there_is_compared(hub: Hub, tmp_path: Path) -> None:
    folder = json.loads(askcam("pull", "nobody/tiny", "--json", env=env_of(hub, tmp_path)).stdout)["folder"]
    done = askcam("pull", "nobody/tiny", env=env_of(None, tmp_path, HF_HUB_OFFLINE="1"))
    assert done.stdout.startswith(f"{folder} is whole (")
    assert "HF_HUB_OFFLINE is set" in done.stdout
    blob = Path(folder, WEIGHTS).resolve()
    blob.write_bytes(b"\0" * blob.stat().st_size)
    done = askcam("pull", "nobody/tiny", env=env_of(None, tmp_path, HF_HUB_OFFLINE="1"))
    assert done.returncode == 2
    assert f"{folder}/{WEIGHTS} is damaged" in done.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("built-in", "built-in is on this machine already"),
        (".", ". is on this machine already"),
        ("qwen3-vl:3b", "there is no model 'qwen3-vl:3b'; did you mean qwen3-vl:2b, qwen3-vl:4b or qwen3-vl:8b?"),
        ("no body/--", "is neither a folder here nor a hub id"),
        ("nobody/nothing", "the hub has no 'nobody/nothing' that may be read; check the name"),
    ],
)
def test_pull_says_what_is_wrong(hub: Hub, tmp_path: Path, name: str, said: str) -> None:
    done = askcam("pull", name, env=env_of(hub, tmp_path))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_that_does_not_answer_is_told(tmp_path: Path) -> None:
    done = askcam("pull", "qwen2-vl:2b", env=env_of(None, tmp_path))
    assert done.returncode == 2
    assert "cannot fetch 'Qwen/Qwen2-VL-2B-Instruct': connect to the internet" in done.stderr
