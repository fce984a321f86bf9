"""What people install: a wheel holds every room, the built-in model and the page, and works away from the checkout."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from support.servers.running import RunningModelServer
from support.wheels import ROOMS, ROOT, build_wheel, install, lend

from askcam.engine.open import RUNS_MODELS

LIGHT = ROOT / "examples/deploy/remote.txt"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def in_the_rooms(pattern: str) -> set[str]:
    return {
        f"askcam/{path.relative_to(ROOT).as_posix()}"
        for room in ROOMS
        for path in (ROOT / room).rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_everything_in_the_rooms_is_shipped(names: set[str]) -> None:
    """A missing module: its package is not listed in pyproject.toml. Another file: no package-data matches it."""
    assert in_the_rooms("*.py") - names == set()
    assert in_the_rooms("*") - names == set()


@pytest.mark.parametrize("file", ["demo/model/config.json", "demo/model/askcam.json", "client/web/index.html"])
def test_the_model_and_the_page_are_among_it(names: set[str], file: str) -> None:
    assert f"askcam/{file}" in names


def test_every_room_says_that_it_is_typed(names: set[str]) -> None:
    assert {f"askcam/{room}/py.typed" for room in ROOMS} <= names


def test_tests_and_tools_stay_at_home(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"askcam"}


def test_the_licences_travel_along(names: set[str]) -> None:
    licences = {name.split(".dist-info/licenses/")[1] for name in names if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "demo/LICENCES.md", "client/web/vendor/uplot/LICENSE"}


def test_an_unpacked_wheel_imports(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = "import sys; sys.path.insert(0, sys.argv[1]); import askcam.stream.window as w; print(w.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == tmp_path / "askcam/stream/window.py"


def alone(programs: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    """The installed program, away from the checkout and with nothing of this environment."""
    home = programs.parent / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [programs / "askcam", *args],
        cwd=home,
        env={"PATH": os.defpath, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed") / "venv"
    found = install(wheel, folder)
    lend(folder)
    return found


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed without what runs a model."""
    folder = tmp_path_factory.mktemp("light") / "venv"
    found = install(wheel, folder)
    lend(folder, without=RUNS_MODELS)
    return found


def test_the_installed_program_answers_by_the_model_in_the_wheel(programs: Path) -> None:
    done = alone(programs, "demo", "--once", "--json", "--port", "0", "--threads", "1")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["correct"] for line in lines if "question" in line] == [True] * 3


@pytest.mark.parametrize(
    "command",
    [
        ("look", "synthetic:7", "what is there?"),
        ("serve", "--port", "0", "--camera", "lobby=synthetic:7"),
        ("models",),
    ],
    ids=lambda command: str(command[0]),
)
def test_without_pytorch_what_wants_a_model_here_says_so(light: Path, command: tuple[str, ...]) -> None:
    done = alone(light, *command)
    assert done.returncode == 2, done.stderr
    assert "pip install torch torchvision transformers accelerate qwen-vl-utils" in done.stderr
    assert "--model-url" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_pytorch_a_model_server_is_asked(light: Path) -> None:
    with RunningModelServer("vllm") as models:
        done = alone(light, "look", "synthetic:7", "what is there?", "--model-url", models.url, "--dialect", "vllm")
    assert done.returncode == 0, done.stderr
    assert "newest is" in done.stdout


def test_the_list_without_pytorch_is_that_of_the_project() -> None:
    listed = [line for line in LIGHT.read_text().splitlines() if not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    heavy = {name.replace("_", "-") for name in RUNS_MODELS}
    assert listed == [line for line in project if re.split(r"[^\w-]", line)[0] not in heavy]
    assert len(project) - len(listed) == len(heavy)
