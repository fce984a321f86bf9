"""[shard] of askcam.toml and its flags: what they come to, and what is refused with its remedy."""

from pathlib import Path

import pytest

from askcam.app import config_file
from askcam.cluster.members import MAX_CAPACITY, Shard
from askcam.cluster.shard.config import ShardSettings
from askcam.server.config_errors import ConfigError

FRONT = "http://10.0.0.10:8400"


def read(tmp_path: Path, text: str, env: dict[str, str], **flags: str) -> ShardSettings:
    file = tmp_path / "askcam.toml"
    file.write_text(text)
    config = config_file.with_section_flags(config_file.load(file, env), {"shard": flags})
    config_file.check(config)
    found = config.sections["shard"]
    assert isinstance(found, ShardSettings)
    return found


def test_all_that_may_be_said(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-shards\n")
    text = f"""
[shard]
front = "{FRONT}"
name = "gpu1"
url = "http://10.0.0.11:8400"
labels = ["gpu", "rack=r7"]
room = 12
token_file = "token"
"""
    found = read(tmp_path, text, {"ASKCAM_SHARD_ADMIN_TOKEN": "of-the-environment"}, name="gpu2")
    assert (found.front, found.named, found.labels, found.room) == (FRONT, "gpu2", ("gpu", "rack=r7"), 12)
    assert found.token == "of-shards"
    assert "of-shards" not in repr(found)


@pytest.mark.parametrize(
    ("said", "most", "room"), [(None, 32, 30), (12, 32, 12), (40, 32, 30), (None, 1, 0), (None, 5000, MAX_CAPACITY)]
)
def test_a_server_tells_no_more_room_than_a_front_takes(said: int | None, most: int, room: int) -> None:
    found = ShardSettings(room=said).room_beside(2, most)
    assert found == room
    Shard("a", FRONT, capacity_cameras=found, instance="x", model="x", version="x").check()


@pytest.mark.parametrize("text", [f'front = "{FRONT}"', f'front = ["{FRONT}"]'])
def test_a_front_may_be_one_of_several(tmp_path: Path, text: str) -> None:
    env = {"ASKCAM_SHARD_ADMIN_TOKEN": "of-shards"}
    assert read(tmp_path, f"[shard]\n{text}\nname = 'a'", env).fronts == (FRONT,)
    other = "http://10.0.0.9:8400"
    both = f'[shard]\nfront = ["{FRONT}", "{other}"]\nname = "a"'
    assert read(tmp_path, both, env).fronts == (FRONT, other)
    assert read(tmp_path, "", env, front=f"{FRONT}, {other}", name="a").fronts == (FRONT, other)


@pytest.mark.parametrize(
    ("env", "token"),
    [
        ({"ASKCAM_ADMIN_TOKEN": "own-admin"}, "own-admin"),
        ({"ASKCAM_ADMIN_TOKEN": "own-admin", "ASKCAM_SHARD_ADMIN_TOKEN": "of-shards"}, "of-shards"),
    ],
)
def test_the_token_is_the_one_that_the_front_shows_here_if_none_is_named(
    tmp_path: Path, env: dict[str, str], token: str
) -> None:
    assert read(tmp_path, "", env, front=FRONT, name="a").token == token


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('front = "ftp://x"', "front under [shard]"),
        ('front = ["http://x", "ftp://y"]', "front under [shard]"),
        ("front = []", "a list of up to 8: not 0"),
        (f"front = {['http://x'] * 9}", "a list of up to 8: not 9"),
        ('front = "http://me:hunter22@x"', "front under [shard]"),
        ('front = "http://x"\nurl = "ftp://y"', "url under [shard]"),
        ('front = "http://x"\nname = "A b"', "--shard-name"),
        ('front = "http://x"\nname = "a"\nlabels = ["A"]', "[shard] labels"),
        ('front = "http://x"\nroom = -1', "askcam.toml:3: shard.room"),
        ('front = "http://x"\ntoken_file = "nowhere"', "cannot read the token of [shard]"),
        ('frnt = "http://x"', "did you mean 'front'?"),
        ("front = 5", "askcam.toml:2: shard.front"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, f"[shard]\n{text}\n", {"ASKCAM_SHARD_ADMIN_TOKEN": "of-shards"})
    assert told in str(refused.value)
    assert "hunter22" not in str(refused.value)


def test_without_a_token_nobody_joins(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ASKCAM_SHARD_ADMIN_TOKEN"):
        read(tmp_path, "", {}, front=FRONT, name="a")
