"""[cluster], [cameras.NAME] and [watches.NAME] of front.toml: what shards are told, and what is refused."""

import json
from pathlib import Path

import pytest

from askcam.cluster.front import config
from askcam.cluster.front.config import FrontConfig
from askcam.server.config_errors import ConfigError
from askcam.stream.secrets import Secrets

ENV = {"ASKCAM_SHARD_ADMIN_TOKEN": "token-of-shards"}
CLUSTER = '[cluster]\nfolder = "table"\n'


def read(tmp_path: Path, text: str, env: dict[str, str]) -> FrontConfig:
    file = tmp_path / "front.toml"
    file.write_text(text)
    found = config.with_tokens(config.load(file, env), env)
    config.check(found)
    return found


def test_each_camera_has_its_options_and_the_watches_that_name_it(tmp_path: Path) -> None:
    text = f"""{CLUSTER}
silent_s = 30
[cameras.lobby]
uri = "rtsp://me:hunter22@cam/1"
fps = 1.5
only = "gpu"
apart = "entrance"
[cameras.yard]
uri = "rtsp://cam/2"
[watches.door]
question = "Is the door open?"
cameras = ["lobby", "yard"]
[watches.car]
question = "Is there a car?"
cameras = ["yard"]
"""
    found = read(tmp_path, text, ENV)
    lobby, yard = found.wishes
    assert (lobby.name, lobby.only, lobby.apart, yard.only) == ("lobby", "gpu", "entrance", "")
    told = json.loads(lobby.options)
    assert told["camera"] == {"uri": "rtsp://me:hunter22@cam/1", "fps": 1.5}
    assert told["watches"] == {"door": {"question": "Is the door open?"}}
    assert set(json.loads(yard.options)["watches"]) == {"door", "car"}
    assert (found.cluster.silent_s, found.cluster.folder) == (30, tmp_path / "table")
    assert "hunter22" not in repr(found)
    assert "token-of-shards" not in repr(found)
    known = Secrets()
    config.learn(found, known)
    assert known.hide("token-of-shards") == "***"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[cluster]\nfolder = 5\n", "front.toml:2: cluster.folder"),
        ('[cluster]\nfoldr = "x"\n', "did you mean 'folder'?"),
        (CLUSTER + "silent_s = 1\n", "cluster.silent_s"),
        (CLUSTER + "silent_s = 500\n", "cluster.silent_s"),
        (CLUSTER + "max_shards = 1000\n", "cluster.max_shards"),
        (CLUSTER + 'token = "in-the-file"\n', "cluster.token"),
        (CLUSTER + 'token_file = "nowhere"\n', "cannot read the token of [cluster]"),
        (CLUSTER + "[cameras.lobby]\n", "needs its source"),
        (CLUSTER + '[cameras."A b"]\nuri = "x:"\n', "cannot be a camera's name"),
        (CLUSTER + '[cameras.lobby]\nuri = "x:"\nonly = 5\n', "front.toml:5: cameras.lobby.only"),
        (CLUSTER + '[cameras.lobby]\nuri = "x:"\nonly = "A b"\n', "name a shard, or one of its labels"),
        (CLUSTER + '[cameras.lobby]\nuri = "x:"\nwhen = 2026-01-01\n', "a date is no value"),
        (CLUSTER + f'[cameras.lobby]\nuri = "x:"\nnote = "{"y" * 20_000}"\n', "bytes"),
        (CLUSTER + '[watches.door]\nquestion = "?"\n', 'cameras = ["lobby"]'),
        (CLUSTER + '[watches.door]\nquestion = "?"\ncameras = ["lobby"]\n', "no camera 'lobby'"),
        (CLUSTER + '[watches."A b"]\nquestion = "?"\n', "a watch's name"),
        ('[cameras.lobby]\nuri = "x:"\n', "set folder under [cluster]"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text, ENV)
    assert told in str(refused.value)
    assert "in-the-file" not in str(refused.value)


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({}, "ASKCAM_SHARD_ADMIN_TOKEN"),
        ({"ASKCAM_SHARD_ADMIN_TOKEN": "short"}, "at least 8"),
        (ENV | {"ASKCAM_ADMIN_TOKEN": "token-of-shards"}, "one of people"),
        (ENV | {"ASKCAM_TOKEN": "token-of-shards"}, "one of people"),
    ],
)
def test_shards_have_a_token_of_their_own(tmp_path: Path, env: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read(tmp_path, CLUSTER, env)


DATABASE = 'database = "postgresql://askcam:hunter-22@10.0.0.5/askcam"'


def test_a_table_for_several_fronts_is_in_a_database_whose_password_is_told_to_nobody(tmp_path: Path) -> None:
    env = ENV | {"ASKCAM_DATABASE_PASSWORD": "of-the-environment"}
    found = read(tmp_path, f'[cluster]\n{DATABASE}\nurl = "http://10.0.0.10:8400"\n', env)
    assert found.cluster.joins
    assert found.cluster.where.secrets() == ["hunter-22", "of-the-environment"]
    assert "hunter-22" not in repr(found)
    assert "of-the-environment" not in repr(found)
    known = Secrets()
    config.learn(found, known)
    assert known.hide("hunter-22 of-the-environment") == "*** ***"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'folder = "table"\n{DATABASE}', "leave one out"),
        ('database = "mysql://askcam:hunter-22@x/askcam"', "postgresql://"),
        ('database = "host=x password=hunter-22"', "postgresql://"),
        ('database = "postgresql://askcam:hunter-22@[x/askcam"', "escaped"),
        ("database = 5", "front.toml:2: cluster.database"),
        (f'{DATABASE}\nurl = "ftp://x"', "[cluster] url"),
        ('folder = "table"\nurl = "http://x"', "not for folder"),
        (f'{DATABASE}\ndatabase_password = "hunter-22"', "unknown key"),
    ],
)
def test_what_is_wrong_with_a_database_is_told_without_its_password(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, f"[cluster]\n{text}\n", ENV)
    assert told in str(refused.value)
    assert "hunter-22" not in str(refused.value)


def test_without_psycopg_it_is_said_how_it_is_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcam.cluster.front.joined.config.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install askcam\[postgres\]"):
        read(tmp_path, f"[cluster]\n{DATABASE}\n", ENV)
