"""[cluster] start and [cluster.ray]: what they come to, and what is refused with its place."""

import json
from pathlib import Path

import pytest

from askcam.cluster.front import config
from askcam.cluster.front.config import FrontConfig
from askcam.cluster.front.joined.starting import order_of, starter_env
from askcam.cluster.starting import config as starting
from askcam.server.config_errors import ConfigError

ENV = {"ASKCAM_SHARD_ADMIN_TOKEN": "admin-of-shards", "ASKCAM_SHARD_TOKEN": "viewer-of-shards"}
CLUSTER = '[cluster]\nfolder = "table"\nstart = "ray"\n'


@pytest.fixture(autouse=True)
def with_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray is there, as far as the config looks: it is an extra."""
    monkeypatch.setattr(starting, "find_spec", lambda name: object())


def read(tmp_path: Path, text: str, env: dict[str, str] = ENV) -> FrontConfig:
    file = tmp_path / "front.toml"
    file.write_text(text)
    found = config.with_tokens(config.load(file, env), env)
    config.check(found)
    return found


def test_each_shard_is_launched_by_its_name_with_the_tokens_in_its_environment_only(tmp_path: Path) -> None:
    (tmp_path / "shard.toml").write_text("")
    text = (
        CLUSTER + '[cluster.ray]\nshards = 2\nname = "gpu"\ngpus = 0.5\ncpus = 4\nport = 8410\nconfig = "shard.toml"\n'
    )
    cluster = read(tmp_path, text).cluster
    order = order_of(cluster, "http://127.0.0.1:8400")
    first, second = order.launches
    assert (first.name, second.name, second.gpus, second.cpus) == ("gpu-1", "gpu-2", 0.5, 4)
    assert second.flags == [
        *("--config", str(tmp_path / "shard.toml"), "--port", "8411"),
        *("--front", "http://127.0.0.1:8400", "--shard-name", "gpu-2"),
    ]
    assert second.env == {"ASKCAM_ADMIN_TOKEN": "admin-of-shards", "ASKCAM_TOKEN": "viewer-of-shards"}
    assert not [token for token in ENV.values() if token in json.dumps([first.flags, second.flags]) + repr(order)]
    assert (order.name, order.address, order.folder) == ("gpu", None, str(tmp_path / "table/ray"))
    assert order_of(cluster, "", stop=True).launches == []


def test_what_nobody_says_is_one_shard_of_a_ray_that_is_started_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKCAM_ADMIN_TOKEN", "of-people")
    cluster = read(tmp_path, CLUSTER).cluster
    (launch,) = order_of(cluster, "http://127.0.0.1:1").launches
    assert launch.flags == ["--port", "0", "--front", "http://127.0.0.1:1", "--shard-name", "shard-1"]
    env = starter_env(cluster)
    assert (env["RAY_AUTH_MODE"], "ASKCAM_ADMIN_TOKEN" in env) == ("token", False)


def test_a_ray_that_runs_is_spoken_to_as_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    text = CLUSTER + '[cluster.ray]\naddress = "10.0.0.10:6379"\nfront = "https://front.example"\n'
    cluster = read(tmp_path, text).cluster
    assert order_of(cluster, "http://127.0.0.1:1").launches[0].flags[3] == "https://front.example"
    assert "RAY_AUTH_TOKEN_PATH" not in starter_env(cluster)


def test_where_ray_is_not_installed_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install askcam\[cluster\]"):
        read(tmp_path, CLUSTER)
    assert read(tmp_path, CLUSTER.replace('start = "ray"', "")).cluster.start == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[cluster]\nstart = "ray"\n', "set folder there"),
        ('[cluster]\nfolder = "t"\nstart = "slurm"\n', "front.toml:3: cluster.start"),
        (CLUSTER + "[cluster.ray]\nshard = 2\n", "front.toml:5: cluster.ray.shard: unknown key; did you mean 'shards'"),
        (CLUSTER + "[cluster.ray]\nshards = 0\n", "cluster.ray.shards"),
        (CLUSTER + "[cluster.ray]\nshards = 65\n", "cluster.ray.shards"),
        (CLUSTER + "[cluster.ray]\ngpus = 2\n", "cluster.ray.gpus"),
        (CLUSTER + "[cluster.ray]\ncpus = 0\n", "cluster.ray.cpus"),
        (CLUSTER + '[cluster.ray]\nname = "A b"\n', "front.toml:5: cluster.ray.name"),
        (CLUSTER + f'[cluster.ray]\nname = "{"y" * 59}"\n', "up to 58"),
        (CLUSTER + "[cluster.ray]\nport = 65535\nshards = 2\n", "ports from there"),
        (CLUSTER + '[cluster.ray]\nfront = "ftp://x"\n', "front.toml:5: cluster.ray.front"),
        (CLUSTER + '[cluster.ray]\nconfig = "nowhere.toml"\n', "there is no"),
        (CLUSTER + '[cluster.ray]\naddress = "ray://10.0.0.10:10001"\n', "HOST:PORT"),
        (CLUSTER + '[cluster.ray]\naddress = "10.0.0.10"\n', "HOST:PORT"),
        (CLUSTER.replace("start", "max_shards = 1\nstart") + "[cluster.ray]\nshards = 2\n", "raise max_shards"),
        ('[server]\nhost = "0.0.0.0"\n' + CLUSTER + '[cluster.ray]\naddress = "auto"\n', "front ="),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    env = ENV | {"ASKCAM_TOKEN": "of-viewers", "ASKCAM_ADMIN_TOKEN": "of-admins"}
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text, env)
    assert told in str(refused.value)


def test_shards_that_are_started_need_the_token_by_which_they_join(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ASKCAM_SHARD_ADMIN_TOKEN"):
        read(tmp_path, CLUSTER, {})
