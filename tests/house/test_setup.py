"""`make setup` where there is no GPU: PyTorch without CUDA, from its own index; the usual one if that can't be had."""

import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """The address of a package index that has a torch and a torchvision, with nothing in them."""
    for name, version in (("torch", "9.0+cpu"), ("torchvision", "8.0+cpu")):
        folder = tmp_path / "index" / name
        folder.mkdir(parents=True)
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/__init__.py", "")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "index")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("setup") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    return folder


def make(environment: Path, **variables: str) -> str:
    """What `make torch`, a part of `make setup`, says of it; it never fails."""
    values = {"VENV": str(environment), "GPU": ""} | variables
    command = ["make", "-s", "torch", *(f"{name}={value}" for name, value in values.items())]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    alone["PIP_CONFIG_FILE"] = os.devnull  # no other index of this machine
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=alone)
    assert done.returncode == 0, done.stderr
    return done.stdout


def installed(environment: Path) -> set[str]:
    return {path.name for path in environment.glob("lib/*/site-packages/torch*.dist-info")}


def test_an_index_that_is_out_of_reach_is_told_and_done_without(environment: Path) -> None:
    assert "cannot be had" in make(environment, TORCH_INDEX="http://127.0.0.1:9/")
    assert installed(environment) == set()


@pytest.mark.parametrize("variables", [{"GPU": "/dev/nvidiactl"}, {"TORCH_INDEX": ""}], ids=["a GPU", "none is wanted"])
def test_where_it_is_not_wanted_nobody_is_asked(environment: Path, index: str, variables: dict[str, str]) -> None:
    assert make(environment, **({"TORCH_INDEX": index} | variables)) == ""
    assert installed(environment) == set()


def test_it_is_taken_from_there(environment: Path, index: str) -> None:
    assert "PyTorch without CUDA" in make(environment, TORCH_INDEX=index)
    assert installed(environment) == {"torch-9.0+cpu.dist-info", "torchvision-8.0+cpu.dist-info"}
    assert make(environment, TORCH_INDEX="http://127.0.0.1:9/") == "", "what is there already is not looked for"
