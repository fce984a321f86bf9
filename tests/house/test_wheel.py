"""What people install: a wheel holds every room, the built-in model and the page, and works away from the checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("stream", "engine", "client", "demo", "server", "features", "cluster", "app")
UNSHIPPED = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves a build folder beside what it builds."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=UNSHIPPED)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*build, "--wheel-dir", out, source], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("askcam-*.whl")
    return path


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
