"""The arrows between the rooms are kept, and each contract notices when its arrow is turned round."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("stream", "engine", "client", "demo", "server", "features", "cluster", "app")

LAYERS = "arrows point down: app, features and cluster, server, then engine, demo and client, then stream"
FEATURES = "features know nothing of each other, but for what is named here"
CLIENT = "the client imports nothing else of ours, and stays light"
STREAM = "the stream knows no model and no event loop"
TORCH = "torch is imported in the engine only"
REMOTE = "a model behind a server is asked without torch"
PROTOCOLS = "OpenAI's protocols are known to the program and to a front only"
ENDPOINTS = "the endpoints beside them are known to the program and to a front only"
FRONT = "a front reads neither a model nor a camera"
RAY = "one file knows Ray"
CLUSTER = "the cluster knows servers, not their cameras, models and features"
TERMINAL = "commands talk to people; what serves does not"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the source in which walls may be broken."""
    for room in ROOMS:
        for source in (ROOT / room).rglob("*.py"):
            copy = tmp_path / "askcam" / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house: Path) -> tuple[int, str]:
    """Exit code and output of import-linter over that copy; it stands before the installed askcam on the path."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_every_arrow_is_kept(house: Path) -> None:
    code, output = lint(house)
    assert code == 0, output
    rooms = (LAYERS, FEATURES, CLIENT, STREAM, CLUSTER, FRONT)
    for contract in (*rooms, TORCH, REMOTE, RAY, PROTOCOLS, ENDPOINTS, TERMINAL):
        assert f"{contract} KEPT" in output


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("engine/interface.py", "import askcam.server.errors", LAYERS),
        ("engine/interface.py", "import askcam.demo.planted", LAYERS),
        ("demo/planted.py", "import askcam.engine.interface", LAYERS),
        ("server/errors.py", "import askcam.features.timeline.times", LAYERS),
        ("features/timeline/times.py", "import askcam.app.config", LAYERS),
        ("features/summary/plan.py", "import askcam.features.timeline.times", FEATURES),
        ("features/events/severity.py", "import askcam.features.watches.setting", FEATURES),
        ("features/watches/setting.py", "import askcam.features.calibration.reliability", FEATURES),
        ("features/calibration/reliability.py", "import askcam.features.events.severity", FEATURES),
        ("client/protocol.py", "import askcam.stream.frame", CLIENT),
        ("client/protocol.py", "import torch", CLIENT),
        ("stream/window.py", "import asyncio", STREAM),
        ("stream/frame.py", "import torch", STREAM),
        ("stream/window.py", "import askcam.engine.errors", LAYERS),
        ("server/errors.py", "import torch", TORCH),
        ("demo/planted.py", "import transformers", TORCH),
        ("engine/remote/wire.py", "import torch", REMOTE),
        ("engine/base.py", "import transformers", REMOTE),
        ("cluster/renewal.py", "import askcam.stream.frame", CLUSTER),
        ("cluster/table.py", "import askcam.features.events.severity", CLUSTER),
        ("server/core.py", "import askcam.cluster.members", LAYERS),
        ("features/events/severity.py", "import askcam.cluster.members", LAYERS),
        ("cluster/table.py", "import torch", TORCH),
        ("cluster/ids.py", "import askcam.server.http.page", ENDPOINTS),
        ("cluster/front/joined/starting.py", "from ray import util", RAY),
        ("cluster/starting/program.py", "import ray", RAY),
        ("cluster/front/relay.py", "import cv2", FRONT),
        ("server/http/doors.py", "import askcam.stream.camera", FRONT),
        ("server/core.py", "import askcam.server.openai.outcome", PROTOCOLS),
        ("server/core.py", "import askcam.server.http.page", ENDPOINTS),
        ("server/http/page.py", "import askcam.server.openai.models", PROTOCOLS),
        ("server/openai/models.py", "import askcam.server.http.health", ENDPOINTS),
        ("features/watches/realtime.py", "import askcam.server.openai.realtime.session", PROTOCOLS),
        ("server/openai/models.py", "import askcam.server.terminal.say", TERMINAL),
    ],
)
def test_a_planted_import_breaks_its_contract(house: Path, file: str, line: str, contract: str) -> None:
    planted = house / "askcam" / file
    (house / "askcam/demo/planted.py").touch()
    planted.write_text(planted.read_text() + f"\n{line}\n")
    code, output = lint(house)
    assert code == 1, output
    assert f"{contract} BROKEN" in output
