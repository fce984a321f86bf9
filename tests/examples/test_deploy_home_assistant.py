"""examples/deploy/homeassistant: its options become askcam's, and what it starts is not root."""

import json
import os
import re
import subprocess
from typing import Any

import pytest
import yaml
from support.bare import ANYBODY, Bare, bare
from support.deployed import SHIPPED, flags
from support.wheels import ROOT

from askcam.app import config_file

OPTIONS: dict[str, Any] = {"token": "of-viewers", "admin_token": "of-admins", "cameras": []}
TELLS = """#!/bin/sh
id -u
printf '%s\\n' "$@"
"""


def home_assistant(machine: Bare, options: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    """run.py as Home Assistant starts it, as root where the tests are; what it starts tells how it is called."""
    (machine.data.parent / "bin/askcam").write_text(TELLS)
    os.chown(machine.data, os.geteuid(), os.getegid())
    (machine.data / "options.json").write_text(json.dumps(options))
    (machine.data / "options.json").chmod(0o600)
    env = {"PATH": f"{machine.data.parent / 'bin'}{os.pathsep}{os.defpath}"}
    command = [machine.python, str(SHIPPED / "homeassistant/askcam/run.py"), str(machine.data), "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, cwd=machine.data)


def test_home_assistants_options_become_askcams_and_it_is_not_root() -> None:
    odd = 'rtsp://u:p"\\\x7f\N{GRINNING FACE}@192.0.2.7/s'
    more = {"cameras": [{"name": "door", "uri": odd}], "model_url": "http://192.0.2.9:8000/v1", "dialect": "vllm"}
    with bare() as machine:
        done = home_assistant(machine, OPTIONS | more)
        assert done.returncode == 0, done.stderr
        user, *command = done.stdout.splitlines()
        file = machine.data / "askcam/askcam.toml"
        assert int(user) == file.stat().st_uid == (os.geteuid() or ANYBODY)
        assert file.stat().st_mode & 0o077 == 0
        assert str(flags(command)["config"]) == str(file)
        found = config_file.load(file, {})
    config_file.check(found)
    assert (found.server.host, found.server.port) == ("0.0.0.0", 8400)
    assert (found.server.token, found.server.admin_token) == (OPTIONS["token"], OPTIONS["admin_token"])
    assert (found.model.url, found.model.dialect) == ("http://192.0.2.9:8000/v1", "vllm")
    assert found.cameras["door"].uri == odd


def test_a_link_that_lies_where_the_config_goes_is_not_followed_as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may write where others may not")
    with bare() as machine:
        theirs = machine.data.parent / "theirs"
        theirs.write_text("as it was")
        (machine.data / "askcam").mkdir()
        (machine.data / "askcam/askcam.toml").symlink_to(theirs)
        assert home_assistant(machine, OPTIONS).returncode == 1
        assert theirs.read_text() == "as it was"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token": ""}, "token"),
        ({"admin_token": ""}, "admin_token"),
        ({"cameras": [{"name": "a]b", "uri": "x"}]}, "a]b"),
    ],
)
def test_options_that_cannot_be_are_told(change: dict[str, Any], told: str) -> None:
    with bare() as machine:
        done = home_assistant(machine, OPTIONS | change)
        assert done.returncode == 1
        assert told in done.stderr
        assert not (machine.data / "askcam").exists()


def test_the_app_says_of_itself_what_home_assistant_documents() -> None:
    folder = SHIPPED / "homeassistant/askcam"
    said = yaml.safe_load((folder / "config.yaml").read_text())
    documented = {  # developers.home-assistant.io, App configuration: those that are used here
        "name", "version", "slug", "description", "arch", "startup", "boot", "stage", "webui", "watchdog", "ports",
        "ports_description", "video", "tmpfs", "timeout", "backup_exclude", "options", "schema",
    }  # fmt: skip
    assert said.keys() == documented
    assert said["version"] == re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]  # type: ignore[index]
    assert said["slug"] == folder.name
    assert set(said["arch"]) <= {"aarch64", "amd64"}
    assert re.fullmatch(r"http://\[HOST\]:\[PORT:8400\]/healthz", said["watchdog"])
    assert set(said["options"]) <= set(said["schema"])
    assert all(key in said["options"] or said["schema"][key].endswith("?") for key in said["schema"])
    docs = (folder / "DOCS.md").read_text()
    assert [key for key in said["schema"] if f"`{key}`" not in docs] == []
