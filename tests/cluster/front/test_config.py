"""front.toml, the command line and the environment: what they come to, and what is refused with its place."""

from pathlib import Path

import pytest

from askcam.cluster.front import config
from askcam.cluster.front.config import FrontConfig, ShardConfig
from askcam.cluster.ids import MOST_NAMED
from askcam.server.config_errors import ConfigError
from askcam.stream.secrets import Secrets

URL = "http://127.0.0.1:8400"


def read(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> FrontConfig:
    file = tmp_path / "front.toml"
    file.write_text(text)
    found = config.with_tokens(config.load(file, env or {}), env or {})
    config.check(found)
    return found


def test_all_that_may_be_said(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-a-viewer\nand a note\n")
    text = f"""
[server]
port = 8500
[shards.b]
url = "gpu2:8400/v1"
token_file = "token"
admin_token = "of-an-admin"
[shards.a]
url = "{URL}"
[limits]
max_requests = 7
[front]
silent_s = 5
"""
    found = read(tmp_path, text, {"ASKCAM_SHARD_TOKEN": "of-everybody"})
    assert list(found.shards) == ["b", "a"], "in the file's order"
    assert (found.shards["b"].token, found.shards["b"].admin_token) == ("of-a-viewer", "of-an-admin")
    assert found.shards["b"].address.http == "http://gpu2:8400"
    assert (found.shards["a"].token, found.shards["a"].admin_token) == ("of-everybody", None)
    assert (found.server.port, found.limits.max_requests, found.front.silent_s) == (8500, 7, 5)
    known = Secrets()
    config.learn(found, known)
    assert known.hide("of-a-viewer, of-an-admin") == "***, ***"
    assert not [token for token in ("of-a-viewer", "of-an-admin", "of-everybody") if token in repr(found)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a front needs servers"),
        ("[shards.a]\nurl = 5\n", "front.toml:2: shards.a.url"),
        ("[shards.a]\n", "shards.a"),
        ('[shards.a]\nurl = "ftp://x"\n', "front.toml:2: shards.a.url"),
        ('[shards.a]\nurl = "http://me:hunter22@x"\n', "holds no name and password"),
        ('[shards.a]\nurl = "http://x"\ntokn = "x"\n', "did you mean 'token'?"),
        ('[shards."A b"]\nurl = "http://x"\n', "cannot be a shard's name"),
        ('[shards.a]\nurl = "http://x"\ntoken = "secret-12"\ntoken_file = "x"\n', "leave one out"),
        ('[shards.a]\nurl = "http://x"\ntoken = "short"\n', "at least 8"),
        ('[shards.a]\nurl = "http://x"\ntoken_file = "nowhere"\n', "cannot read the token of shard 'a'"),
        ('[shards.a]\nurl = "http://x"\ntoken_file = "empty"\n', "is empty"),
        ('[server]\nmax_age_ms = 5\n[shards.a]\nurl = "http://x"\n', "front.toml:2: server.max_age_ms: unknown key"),
        ('[server]\nhost = "0.0.0.0"\n[shards.a]\nurl = "http://x"\n', "would let everybody in"),
        ('[front]\nsilent_s = 0\n[shards.a]\nurl = "http://x"\n', "front.toml:2: front.silent_s"),
        ('[cameras.lobby]\nuri = "synthetic:7"\n', "set folder under [cluster]"),
        ("".join(f'[shards.s{each}]\nurl = "http://x"\n' for each in range(MOST_NAMED + 1)), "too many"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_secrets(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert told in str(refused.value)
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize("shard", ["x", URL, f"={URL}", f"A={URL}", "a=", "a=ftp://x", "a=http://me:hunter22@x"])
def test_a_flag_that_names_no_shard_is_refused(shard: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config.with_shards(FrontConfig(), [shard])
    assert "--shard" in str(refused.value)
    assert "hunter22" not in str(refused.value)


def test_a_shard_has_one_place() -> None:
    there = FrontConfig(shards={"a": ShardConfig(URL)})
    with pytest.raises(ConfigError, match="name of two shards"):
        config.with_shards(there, [f"a={URL}"])
    assert list(config.with_shards(there, [f"b={URL}"]).shards) == ["a", "b"]


def test_flags_have_the_last_word() -> None:
    assert config.with_flags(FrontConfig(), {"port": 9}).server.port == 9
    with pytest.raises(ConfigError, match="--port"):
        config.with_flags(FrontConfig(), {"port": 70_000})


def test_tokens_of_people_come_from_the_environment_first(tmp_path: Path) -> None:
    text = f'[server]\ntoken = "of-the-file"\n[shards.a]\nurl = "{URL}"\n'
    assert read(tmp_path, text, {"ASKCAM_TOKEN": "of-the-environment"}).server.token == "of-the-environment"
