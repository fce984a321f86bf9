"""askcam as people install it: a wheel, in an environment with nothing else of this checkout."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("stream", "engine", "client", "demo", "server", "features", "cluster", "app")
UNSHIPPED = shutil.ignore_patterns("__pycache__", "*.egg-info")
PIP = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check")


def build_wheel(folder: Path) -> Path:
    """Built from a copy in `folder`: setuptools leaves a build folder beside what it builds."""
    source, out = folder / "source", folder / "wheel"
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=UNSHIPPED)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*build, "--wheel-dir", out, source], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("askcam-*.whl")
    return path


def install(wheel: Path, folder: Path) -> Path:
    """The wheel in an environment of its own, with nothing beside it before `lend`; its programs' folder."""
    venv.create(folder)
    command = [
        *PIP,
        "--python",
        str(folder / "bin/python"),
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
        wheel,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "bin"


def lend(folder: Path, without: Collection[str] = ()) -> None:
    """Let that environment use the packages of the one that the tests run in, but for askcam and `without`."""
    theirs = Path(sysconfig.get_path("purelib"))
    (mine,) = folder.glob("lib/python*/site-packages")
    for path in theirs.iterdir():
        name = path.name.split("-")[0].removesuffix(".py")
        linked = mine / path.name
        if (
            name not in {"askcam", *without}
            and "editable" not in name
            and path.suffix != ".pth"
            and not linked.exists()
        ):
            linked.symlink_to(path)
