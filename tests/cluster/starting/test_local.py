"""A Ray of the machine's own: started once, found again, ended with all its parts. `ray start` is a small program here;
tests/cluster/starting/test_by_ray.py has the real one."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.waiting import until

from askcam.cluster.starting import local
from askcam.cluster.starting.local import LocalRay, RayTrouble, environment

STARTS = """
import json, os, signal, socket, subprocess, sys, time
with open(os.environ["TOLD"], "a") as file:
    file.write(json.dumps({"argv": sys.argv, "env": dict(os.environ), "pid": os.getpid()}) + "\\n")
listening = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])))
folder = sys.argv[sys.argv.index("--temp-dir") + 1]
part = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "--log_dir=" + folder + "/logs"])
signal.signal(signal.SIGTERM, lambda *_: (part.kill(), sys.exit(0)) if os.environ["ENDS"] else None)
print("Ray runtime started.", flush=True)
time.sleep(600)
"""
MADE: list[LocalRay] = []  # by the test that runs
FAILS = "import sys; print('reading parts'); sys.exit('node timed out')"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where a LocalRay keeps what it has to remember; what it started is ended with the test."""
    yield tmp_path / "table" / "ray"
    while MADE:
        MADE.pop().down()


def ray_of(folder: Path, program: str = STARTS, ends: bool = True) -> LocalRay:
    package = folder.parents[1] / "path" / "ray" / "scripts"
    package.mkdir(parents=True, exist_ok=True)
    for place in (package, package.parent):
        (place / "__init__.py").touch()
    (package / "scripts.py").write_text(program)
    env = {"PYTHONPATH": str(package.parents[1]), "TOLD": str(folder.parents[1] / "told"), "ASKCAM_TOKEN": "of-people"}
    env["ENDS"] = "x" if ends else ""
    MADE.append(LocalRay(folder, {**os.environ, **env}))
    return MADE[-1]


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def started(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder.parents[1] / "told").read_text().splitlines()]


def test_it_is_started_on_the_loopback_behind_a_token_that_is_on_no_command_line(folder: Path) -> None:
    address = ray_of(folder).up(2)
    (told,) = started(folder)
    token = (folder / "token").read_text()
    assert len(token) >= 32
    assert address.startswith("127.0.0.1:")
    argv, env = told["argv"], told["env"]
    assert isinstance(argv, list)
    assert isinstance(env, dict)
    assert ("--node-ip-address", "127.0.0.1") in itertools.pairwise(argv)
    assert token not in " ".join(argv)
    assert environment(folder).items() <= env.items()
    assert (env["RAY_AUTH_MODE"], env["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"]) == ("token", "0"), "else it listens outside"
    assert env["RAY_AUTH_TOKEN_PATH"] == str(folder / "token")
    assert "of-people" not in env.values()
    assert {path.stat().st_mode & 0o777 for path in (folder / "token", folder / "ray.json")} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_one_that_runs_is_found_and_not_started_again(folder: Path) -> None:
    address = ray_of(folder).up(1)
    again = ray_of(folder)
    assert (again.address(), again.up(1), len(started(folder))) == (address, address, 1)


@pytest.mark.parametrize("ends", [True, False])
def test_it_ends_with_all_its_parts_and_files(folder: Path, monkeypatch: pytest.MonkeyPatch, ends: bool) -> None:
    if not ends:
        monkeypatch.setattr(local, "END_S", 0.5)
    ray = ray_of(folder, ends=ends)
    ray.up(1)
    pid = int(str(started(folder)[0]["pid"]))
    parts = psutil.Process(pid).children()
    temporary = Path(json.loads((folder / "ray.json").read_text())["temporary"])
    assert temporary.is_dir()
    ray.down()
    until(lambda: not any(map(running, (pid, *(part.pid for part in parts)))), "the end of all")
    assert (ray.address(), temporary.exists()) == (None, False)
    ray.down()  # nothing more


def test_one_that_was_killed_is_started_anew(folder: Path) -> None:
    ray = ray_of(folder)
    ray.up(1)
    head = psutil.Process(int(str(started(folder)[0]["pid"])))
    parts = head.children()
    head.kill()
    until(lambda: ray.address() is None, "its end")
    ray.up(1)
    assert len(started(folder)) == 2
    until(lambda: not any(running(part.pid) for part in parts), "the end of those that were left")


def test_one_that_does_not_start_is_told_with_its_words_and_leaves_nothing(folder: Path) -> None:
    with pytest.raises(RayTrouble, match=r"(?s)did not start.*node timed out"):
        ray_of(folder, FAILS).up(1)
    assert not (folder / "ray.json").exists()


def test_one_that_never_says_that_it_runs_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "START_S", 0.5)
    with pytest.raises(RayTrouble, match="too busy"):
        ray_of(folder, "import time; time.sleep(600)").up(1)
    assert ray_of(folder).address() is None


def test_another_process_of_that_number_is_left_alone(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as other:
        kept = folder / "kept"
        known = {"pid": other.pid, "created": time.time() - 1000, "address": "127.0.0.1:1", "temporary": str(kept)}
        kept.mkdir(parents=True)
        (folder / "ray.json").write_text(json.dumps(known))
        ray = LocalRay(folder)
        found = ray.address()
        ray.down()
        runs = other.poll() is None
        other.kill()
    assert (found, runs) == (None, True)
    assert kept.exists(), "a folder that is none of ours"


@pytest.mark.parametrize("text", ["", "{}", '{"pid": "x"}', "[]"])
def test_a_note_that_cannot_be_read_counts_as_none(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "ray.json").write_text(text)
    assert LocalRay(folder).address() is None
