"""Tokens on disk: their hashes and never they themselves; changed whole or not at all."""

import contextlib
import json
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.tokens import made
from askcam.features.tokens.made import TokensError
from askcam.server.access.auth import Auth, digest_of
from askcam.server.access.viewer import Role
from askcam.server.config_errors import ConfigError
from askcam.server.people_config import MADE, RightsConfig

ASK = RightsConfig(rights="ask", cameras=("lobby",))
NOW = 1_700_000_000.0


def test_a_token_is_told_once_and_kept_as_its_hash(tmp_path: Path) -> None:
    token = made.make(tmp_path / "new", "kiosk", ASK, NOW)
    raw = (tmp_path / "new" / MADE).read_bytes()
    assert token.encode() not in raw
    assert digest_of(token).hex().encode() in raw
    assert (tmp_path / "new" / MADE).stat().st_mode & 0o777 == 0o600
    (kept,) = made.read(tmp_path / "new")
    auth = Auth()
    auth.made([kept.named()])
    viewer = auth.viewer({"authorization": f"Bearer {token}"}, {})
    assert viewer is not None
    assert (viewer.name, viewer.role, viewer.cameras) == ("kiosk", Role.VIEWER, {"lobby"})


def test_a_revoked_token_is_gone_and_one_of_the_same_name_is_another(tmp_path: Path) -> None:
    first = made.make(tmp_path, "kiosk", ASK, NOW)
    with pytest.raises(TokensError, match="there is a token 'kiosk' already"):
        made.make(tmp_path, "kiosk", ASK, NOW)
    made.revoke(tmp_path, "kiosk", NOW + 1)
    with pytest.raises(TokensError, match="there is no token 'kiosk' to revoke; tokens here: there is none"):
        made.revoke(tmp_path, "kiosk", NOW + 2)
    second = made.make(tmp_path, "kiosk", ASK, NOW + 3)
    assert first != second
    old, new = made.read(tmp_path)
    assert (old.revoked is not None, new.revoked) == (True, None)
    assert old.named().viewer.owner != new.named().viewer.owner


def test_who_loses_the_last_token_is_let_in_no_more_than_before(tmp_path: Path) -> None:
    auth = Auth()
    assert auth.viewer({}, {}) is not None  # open, on loopback
    token = made.make(tmp_path, "kiosk", ASK, NOW)
    assert auth.made([each.named() for each in made.read(tmp_path)]) == set()
    headers = {"authorization": f"Bearer {token}"}
    viewer = auth.viewer(headers, {})
    assert auth.made([]) == {viewer}
    assert auth.viewer(headers, {}) is None
    assert auth.viewer({}, {}) is None


@pytest.mark.parametrize(
    ("name", "said", "told"),
    [
        ("Kiosk", ASK, "cannot be a token's name"),
        ("admin", ASK, "cannot be a token's name"),
        ("in-the-config", ASK, r"there is a \[tokens.in-the-config\]"),
        ("kiosk", RightsConfig(rights="admin", cameras=("lobby",)), "cannot be limited"),
        ("kiosk", RightsConfig(rights="ask", cameras=()), "cameras is empty"),
        ("kiosk", RightsConfig(rights="ask", cameras=("*",)), "cannot be a camera's name"),
    ],
)
def test_what_makes_no_sense_is_not_made(tmp_path: Path, name: str, said: RightsConfig, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        made.make(tmp_path, name, said, NOW, ["in-the-config"])
    assert made.read(tmp_path) == ()


def test_one_token_more_than_may_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "MAX_TOKENS", 2)
    monkeypatch.setattr(made, "MAX_REVOKED", 1)
    for name in ("one", "two"):
        made.make(tmp_path, name, ASK, NOW)
    with pytest.raises(TokensError, match="revoke one first"):
        made.make(tmp_path, "three", ASK, NOW)
    for name in ("one", "two"):
        made.revoke(tmp_path, name, NOW)
    assert [each.name for each in made.read(tmp_path)] == ["two"]  # of revoked ones the oldest is forgotten


BROKEN = {
    "cut off": lambda raw: raw[:-3],
    "no JSON": lambda raw: b"tokens",
    "empty": lambda raw: b"",
    "another format": lambda raw: raw.replace(b'"format":1', b'"format":2'),
    "a hash that is none": lambda raw: raw.replace(b'"sha256":"', b'"sha256":"zz'),
    "an admin of some cameras": lambda raw: raw.replace(b'"ask"', b'"admin"'),
    "a name that is none": lambda raw: raw.replace(b'"kiosk"', b'"Kiosk"'),
    "no text": lambda raw: b"\xff" + raw,
    "too much": lambda raw: raw + b" " * (made.MAX_BYTES + 1) + b"x",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_no_file_without_tokens(tmp_path: Path, how: str) -> None:
    made.make(tmp_path, "kiosk", ASK, NOW)
    path = tmp_path / MADE
    path.write_bytes(BROKEN[how](path.read_bytes()))
    with pytest.raises(TokensError, match=MADE):
        made.read(tmp_path)
    with pytest.raises(TokensError, match=MADE):  # nor is it written over
        made.make(tmp_path, "gate", ASK, NOW)


@given(st.binary(max_size=300) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
    lambda value: json.dumps({"tokens": value, "format": 1}).encode()))  # fmt: skip
def test_whatever_stands_in_the_file_is_tokens_or_a_trouble(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("tokens")
    (folder / MADE).write_bytes(data)
    with contextlib.suppress(TokensError):
        assert all(isinstance(each, made.MadeToken) for each in made.read(folder))


def test_several_at_once_lose_nothing(tmp_path: Path) -> None:
    refused: list[str] = []

    def make(name: str) -> None:
        while True:
            try:
                made.make(tmp_path, name, ASK, NOW)
            except TokensError as exc:
                refused.append(str(exc))
                assert "try again" in refused[-1]
            else:
                return

    threads = [threading.Thread(target=make, args=(f"kiosk-{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {each.name for each in made.read(tmp_path)} == {f"kiosk-{i}" for i in range(8)}
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["lock", MADE]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    made.make(tmp_path, "kiosk", ASK, NOW)
    (kept,) = made.read(tmp_path)
    assert msgspec.json.decode((tmp_path / MADE).read_bytes())["tokens"] == [
        {
            "name": "kiosk",
            "sha256": kept.sha256,
            "rights": "ask",
            "made": kept.made,
            "cameras": ["lobby"],
        }
    ]
