"""Features of other packages, by entry points of distributions that are really installed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
from support.servers.askcam_server import live_server, wait_for_pairs

from askcam.app import plugged
from askcam.app.config import Config
from askcam.app.features import FEATURES, OURS
from askcam.server.camera_use import CameraUse
from askcam.stream.status import CameraConfig

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/feature"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The example, installed by pip into a folder of its own; the environment in which it is found."""
    folder = tmp_path_factory.mktemp("installed")
    source = tmp_path_factory.mktemp("source") / "tally"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", folder]
    subprocess.run([*map(str, command), str(source)], check=True, timeout=120)
    return {"PYTHONPATH": str(folder)}


def askcam(env: Mapping[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "askcam.app.cli", *args]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=120)


def test_a_package_brings_a_section_a_route_a_command_and_an_observer(
    installed: Mapping[str, str], tmp_path: Path
) -> None:
    told = askcam(installed, "--help")
    assert re.search(r" tally +How often answers of a running server", told.stdout)
    assert told.stderr == ""
    assert "运行中的服务器的回答提到每个词的次数。" in askcam(installed, "--lang", "zh", "tally", "--help").stdout
    config = tmp_path / "askcam.toml"
    config.write_text('[cameras.lobby]\nuri = "synthetic:7"\n[tally]\nwords = ["i see", "zebra crossing"]\n')
    with live_server("--config", str(config), env=installed) as server:
        wait_for_pairs(server, "lobby", 2)
        before = httpx.get(f"{server.url}/v1/tally", timeout=60).json()
        assert before == {"counts": {"i see": 0, "zebra crossing": 0}}
        body = {"model": "lobby", "messages": [{"role": "user", "content": "What do you see?"}]}
        assert httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60).status_code == 200
        said = askcam(installed, "tally", "--url", server.url)
        assert said.stdout == "i see: 1\nzebra crossing: 0\n"
        unknown = httpx.get(f"{server.url}/v1/tally?word=moon", timeout=60)
        told = unknown.json()["error"]
        assert (unknown.status_code, told["type"], told["code"], told["param"]) == (
            404,
            "invalid_request_error",
            "not_counted",
            "word",
        )
        assert "/v1/tally" in httpx.get(f"{server.url}/openapi.json", timeout=60).json()["paths"]


def test_without_the_package_nothing_of_it_is_there(tmp_path: Path) -> None:
    assert " tally " not in askcam({}, "--help").stdout
    config = tmp_path / "askcam.toml"
    config.write_text("[tally]\n")
    told = askcam({}, "serve", "--config", str(config))
    assert told.returncode == 2
    assert "tally" in told.stderr


FEATURE = "from askcam.server.feature import Feature, Section\n"
BROKEN = {
    "raises": ("raise RuntimeError('no luck')", "no luck"),
    "lacks": ("", "FEATURE"),
    "other": ("FEATURE = 5", "it is a int"),
    "renamed": (FEATURE + "FEATURE = Feature('another')", "which is 'another'"),
    "timeline": (FEATURE + "FEATURE = Feature('timeline')", "a feature 'timeline' is there already"),
    "server": (
        FEATURE + "FEATURE = Feature('server', sections={'server': Section(None, None)})",
        "the section 'server' is there already",
    ),
    "fps": (FEATURE + "FEATURE = Feature('fps', camera_options={'fps': bool})", "the camera's option 'fps' is there"),
    "room": (
        "from askcam.server.feature import Limit\n"
        + FEATURE
        + "FEATURE = Feature('room', limits={'max_cameras': Limit(int, 5)})",
        "the limit 'max_cameras' is there already",
    ),
    "needy": (FEATURE + "FEATURE = Feature('needy', needs=('moon',))", "it needs the features moon"),
    "serving": (
        FEATURE + "def add(program):\n    @program.app.command()\n    def serve(): ...\n"
        "FEATURE = Feature('serving', commands=add)",
        "the command 'serve' is there already",
    ),
    "measuring": (
        FEATURE + "def add(program):\n    @program.app.command()\n    def bench(): ...\n"
        "FEATURE = Feature('measuring', commands=add)",
        "the command 'bench' is there already",
    ),
    "crashing": (FEATURE + "FEATURE = Feature('crashing', commands=lambda program: 1 / 0)", "division by zero"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_fit_is_left_out_with_the_reason_and_the_rest_works(name: str, tmp_path: Path) -> None:
    text, why = BROKEN[name]
    (tmp_path / "misfit.py").write_text(text)
    info = tmp_path / "misfit-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: misfit\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[askcam.features]\n{name} = misfit:FEATURE\n")
    told = askcam({"PYTHONPATH": str(tmp_path)}, "--version")
    assert told.returncode == 0
    assert told.stdout.startswith("askcam ")
    (line,) = told.stderr.splitlines()
    assert line.startswith("note: ")
    assert why in line
    assert name in line


LAME = """
from askcam.server.feature import Feature
from askcam.server.running import Running

class Lame(Running):
    async def begin(self):
        raise RuntimeError("no legs")

FEATURE = Feature("lame", build=lambda core, given, others: Lame())
"""


def test_one_that_does_not_begin_keeps_nobody_from_being_answered(tmp_path: Path) -> None:
    (tmp_path / "lame.py").write_text(LAME)
    info = tmp_path / "lame-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lame\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[askcam.features]\nlame = lame:FEATURE\n")
    with live_server(cameras=["lobby=synthetic:7"], env={"PYTHONPATH": str(tmp_path)}) as server:
        wait_for_pairs(server, "lobby", 2)
        assert httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200


def test_what_askcam_has_itself_is_known() -> None:
    brought = {name for feature in FEATURES for name in feature.sections}
    assert {each.name for each in fields(Config)} - {"sections"} - brought == plugged.OWN_SECTIONS
    own = {each.name for kind in (CameraConfig, CameraUse) for each in fields(kind)} - {"options"}
    assert own | {"uri"} == plugged.OWN_OPTIONS
    assert FEATURES[: len(OURS)] == OURS
