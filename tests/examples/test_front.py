"""examples/front: what it ships is read by the program that it is for."""

import configparser
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from askcam.app import config_file
from askcam.app.program import app
from askcam.cluster.front import config as front
from askcam.cluster.front.joined.starting import order_of
from askcam.cluster.starting import config as starting

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "examples/front"
UNITS = sorted(SHIPPED.glob("*.service"))
COMPOSE = yaml.safe_load((SHIPPED / "compose.yaml").read_text())
TWO = yaml.safe_load((SHIPPED / "two-fronts.yaml").read_text())
PAGE = (ROOT / "docs/front.md").read_text()


def flags(command: list[str]) -> dict[str, Any]:
    """What a command line says, as the program reads it."""
    name, *args = command[1:]
    known = typer.main.get_command(app)
    found = known.commands[name]  # type: ignore[attr-defined]
    return dict(found.make_context(name, list(args)).params)


def test_the_fronts_config_is_read_with_its_tokens(tmp_path: Path) -> None:
    (tmp_path / "tokens").mkdir()
    text = (SHIPPED / "front.toml").read_text()
    (tmp_path / "front.toml").write_text(text.replace("tls_", "# tls_"))
    for name in ("gpu1", "gpu1-admin", "gpu2", "gpu2-admin"):
        (tmp_path / "tokens" / name).write_text(f"{name}-token\n")
    env = {"ASKCAM_TOKEN": "of-viewers", "ASKCAM_ADMIN_TOKEN": "of-admins"}
    found = front.with_tokens(front.load(tmp_path / "front.toml", env), env)
    front.check(found)
    assert {name: (shard.token, shard.admin_token) for name, shard in found.shards.items()} == {
        "gpu1": ("gpu1-token", "gpu1-admin-token"),
        "gpu2": ("gpu2-token", "gpu2-admin-token"),
    }


def test_the_servers_config_trusts_the_front() -> None:
    found = config_file.load(SHIPPED / "shard.toml", {"ASKCAM_TOKEN": "of-viewers", "ASKCAM_ADMIN_TOKEN": "of-admins"})
    config_file.check(found)
    assert found.server.trusted_proxies == ("10.0.0.10",)
    assert list(found.cameras) == ["lobby", "gate"]


def test_servers_join_by_what_is_shipped(tmp_path: Path) -> None:
    env = {"ASKCAM_TOKEN": "of-viewers", "ASKCAM_ADMIN_TOKEN": "of-admins", front.ADMIN_TOKEN: "of-shards"}
    (tmp_path / "front.toml").write_text((SHIPPED / "joined-front.toml").read_text().replace("tls_", "# tls_"))
    found = front.with_tokens(front.load(tmp_path / "front.toml", env), env)
    front.check(found)
    assert [(wish.name, wish.only, wish.apart) for wish in found.wishes] == [
        ("lobby", "", "entrance"),
        ("gate", "", "entrance"),
        ("hall", "gpu", ""),
    ]
    env = {"ASKCAM_TOKEN": "of-front-viewers", "ASKCAM_ADMIN_TOKEN": "of-shards"}
    (tmp_path / "shard.toml").write_text((SHIPPED / "joined-shard.toml").read_text().replace("tls_", "# tls_"))
    shard = config_file.load(tmp_path / "shard.toml", env)
    config_file.check(shard)
    assert shard.sections["shard"].token == found.cluster.token
    assert set(shard.sections["shard"].labels) == {"gpu", "rack=r7"}


def test_ray_starts_servers_by_what_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "find_spec", lambda name: object())  # Ray is an extra
    env = {"ASKCAM_TOKEN": "of-viewers", "ASKCAM_ADMIN_TOKEN": "of-admins", front.ADMIN_TOKEN: "of-shards"}
    for name in ("ray-front.toml", "ray-shard.toml"):
        (tmp_path / name).write_text((SHIPPED / name).read_text())
    found = front.with_tokens(front.load(tmp_path / "ray-front.toml", env), env)
    front.check(found)
    launches = order_of(found.cluster, "http://127.0.0.1:8400").launches
    assert [(launch.name, launch.gpus, launch.cpus) for launch in launches] == [("shard-1", 1, 4), ("shard-2", 1, 4)]
    for launch in launches:
        assert flags(["askcam", "serve", *launch.flags])["shard_name"] == launch.name
        assert flags(["askcam", "serve", *launch.flags])["front"] == "http://10.0.0.10:8400"
        assert found.cluster.token in launch.env.values()
    shard = config_file.load(SHIPPED / "ray-shard.toml", launches[0].env)
    config_file.check(shard)
    assert shard.server.trusted_proxies == ("10.0.0.10",)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_what_there_is(unit: Path) -> None:
    parsed = configparser.ConfigParser(interpolation=None, strict=True)
    parsed.optionxform = str  # type: ignore[assignment]
    parsed.read_string(unit.read_text())
    assert parsed.sections() == ["Unit", "Service", "Install"]
    command = shlex.split(parsed["Service"]["ExecStart"])
    configs = {"askcam-front": "front.toml", "askcam": "shard.toml", "askcam-two-fronts": "two-fronts.toml"}
    assert Path(str(flags(command)["config"])).name == configs[unit.stem]
    assert f"install as {unit.name}" in unit.read_text()


def test_each_service_of_the_compose_file_is_a_command_and_the_front_knows_the_others() -> None:
    commands = {name: flags(service["command"]) for name, service in COMPOSE["services"].items()}
    shards = front.with_shards(front.FrontConfig(), commands.pop("front")["shard"]).shards
    assert {name: shard.address.host for name, shard in shards.items()} == {name: name for name in commands}
    for name, said in commands.items():
        assert said["camera"], name
    tokens = COMPOSE["services"]["front"]["environment"]
    assert {"ASKCAM_TOKEN", front.TOKEN, front.ADMIN_TOKEN} <= tokens.keys()
    assert set(COMPOSE["volumes"]) == commands.keys()


def test_two_fronts_have_one_database(tmp_path: Path) -> None:
    env = {"ASKCAM_TOKEN": "of-viewers", "ASKCAM_ADMIN_TOKEN": "of-admins", front.ADMIN_TOKEN: "of-shards"}
    env[front.DATABASE_PASSWORD] = "of-the-database"
    (tmp_path / "front.toml").write_text((SHIPPED / "two-fronts.toml").read_text().replace("tls_", "# tls_"))
    found = front.with_tokens(front.load(tmp_path / "front.toml", env), env)
    front.check(found)
    assert found.cluster.where.secrets() == ["of-the-database"]
    assert [wish.name for wish in found.wishes] == ["lobby", "gate"]


def test_two_fronts_of_the_compose_file_have_one_file_and_each_server_knows_both(tmp_path: Path) -> None:
    services, config = TWO["services"], TWO["configs"]["front"]["content"]
    fronts = [name for name in services if name.startswith("front")]
    env = {name: f"what-is-{name.lower()}" for name in services["front1"]["environment"]}
    for name in fronts:
        assert services[name]["environment"] == services["front1"]["environment"]
        target = services[name]["configs"][0]["target"]
        assert str(flags(services[name]["command"])["config"]) == target
        assert services[name]["hostname"] == name, "by which the servers and the other front reach it"
    file = tmp_path / "front.toml"
    file.write_text(config)
    found = front.with_tokens(front.load(file, env), env)
    front.check(found)
    assert f"@{next(name for name in services if name == 'database')}/" in str(found.cluster.database)
    for name in set(services) - {*fronts, "database"}:
        said = flags(services[name]["command"])
        assert said["front"].split(",") == [f"http://{each}:8400" for each in fronts]
        assert said["shard_name"] == name
    assert TWO["x-askcam"]["build"]["dockerfile_inline"] == COMPOSE["x-askcam"]["build"]["dockerfile_inline"].replace(
        "cpu .", "cpu .[postgres]"
    )


def test_the_page_names_all_that_is_shipped() -> None:
    assert [path.name for path in SHIPPED.iterdir() if path.name not in PAGE] == []
