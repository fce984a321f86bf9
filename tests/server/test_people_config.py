"""[tokens.NAME] and [users.NAME]: what is taken, and what each fault is told as."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.app.config import Config
from askcam.app.config_file import check, load
from askcam.app.known_secrets import learn
from askcam.cluster.front import config as fronts
from askcam.server.access.auth import Auth
from askcam.server.access.viewer import TAKEN_NAMES, Role
from askcam.server.config_errors import ConfigError
from askcam.stream.secrets import Secrets

TOKEN = "token-of-the-tests"
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True).filter(lambda name: name not in TAKEN_NAMES)
CAMERAS = st.lists(st.sampled_from(["lobby", "yard", "vault", "door-2"]), min_size=1, unique=True)


def read(folder: Path, text: str, env: dict[str, str] | None = None) -> Config:
    path = folder / "askcam.toml"
    path.write_text(text)
    config = load(path, {"HOME": str(folder)} | (env or {}))
    check(config)
    return config


def kiosk(**more: Any) -> str:
    said = {"rights": '"ask"', "token": f'"{TOKEN}"'} | more
    return "[tokens.kiosk]\n" + "".join(f"{key} = {value}\n" for key, value in said.items() if value is not None)


SIGN_IN = (
    '[server]\ntrusted_proxies = ["127.0.0.1"]\nsign_in_header = "X-Forwarded-User"\n'
    f'sign_in_secret = "{TOKEN}"\n[users.anna]\nrights = "ask"\n'
)
WRONG = {
    "no rights": (kiosk(rights=None), "it says no rights"),
    "rights that there are not": (kiosk(rights='"look"'), "known: ask, watch, admin"),
    "no token": (kiosk(token=None), "set ASKCAM_TOKEN_KIOSK"),
    "an empty token": (kiosk(token='""'), "set ASKCAM_TOKEN_KIOSK"),
    "a short token": (kiosk(token='"short"'), "needs at least 8"),
    "an admin of some cameras": (kiosk(rights='"admin"', cameras='["lobby"]'), "cannot be limited"),
    "no cameras": (kiosk(cameras="[]"), "cameras is empty"),
    "cameras that are none": (kiosk(cameras='["Lobby!"]'), "cannot be a camera's name"),
    "a private camera": (kiosk(cameras='["push-1"]'), "cannot be a camera's name"),
    "cameras in one text": (kiosk(cameras='"lobby"'), "tokens.kiosk.cameras"),
    "another key": (kiosk(camera='"lobby"'), "unknown key"),
    "a name that is taken": ('[tokens.admin]\nrights = "ask"\n', "cannot be a token's name"),
    "a name that is none": ('[tokens."Kiosk 1"]\nrights = "ask"\n', "cannot be a token's name"),
    "no table": ("[tokens]\nkiosk = 1\n", "expected a table"),
    "two of one token": (kiosk() + f'[tokens.gate]\nrights = "ask"\ntoken = "{TOKEN}"\n', "the same token"),
    "the server's own": (f'[server]\ntoken = "{TOKEN}"\n' + kiosk(), "the same token as token under"),
    "two of one variable": (
        '[tokens.a-b]\nrights = "ask"\ntoken = "token-nr-1"\n[tokens.a_b]\nrights = "ask"\ntoken = "token-nr-2"\n',
        "would both be set by ASKCAM_TOKEN_A_B",
    ),
    "users without a header": ('[users.anna]\nrights = "ask"\n', "sign_in_header under"),
    "a secret alone": (f'[server]\nsign_in_secret = "{TOKEN}"\n', "sign_in_header under"),
    "a header alone": ('[server]\nsign_in_header = "X-User"\n', "sign_in_secret under"),
    "no proxies": (SIGN_IN.replace('trusted_proxies = ["127.0.0.1"]\n', ""), "trusted_proxies under"),
    "no users": (SIGN_IN.partition("[users")[0], "lets nobody in"),
    "a header that is another": (SIGN_IN.replace("X-Forwarded-User", "Cookie"), "a header of its own"),
    "a header that is none": (SIGN_IN.replace("X-Forwarded-User", "X User"), "a header of its own"),
    "a secret that is a token": (SIGN_IN.replace("[server]", f'[server]\ntoken = "{TOKEN}"'), "one of the tokens"),
    "a user without rights": (SIGN_IN.replace('rights = "ask"\n', ""), "it says no rights"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_with_the_remedy_and_without_the_token(tmp_path: Path, what: str) -> None:
    text, told = WRONG[what]
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    env = {"ASKCAM_TOKEN_KIOSK": "token-of-the-environment", "ASKCAM_SIGN_IN_SECRET": ""}
    config = read(tmp_path, kiosk(cameras='["lobby"]'), env)
    auth = Auth(config.known_tokens)
    assert auth.viewer({"authorization": f"Bearer {TOKEN}"}, {}) is None
    viewer = auth.viewer({"authorization": "Bearer token-of-the-environment"}, {})
    assert viewer is not None
    assert (viewer.name, viewer.role, viewer.cameras) == ("kiosk", Role.VIEWER, {"lobby"})


def test_tokens_and_the_secret_are_known_to_be_secret(tmp_path: Path) -> None:
    known = Secrets()
    learn(read(tmp_path, SIGN_IN + kiosk(token='"another-token"')), {}, known)
    assert known.hide(f"{TOKEN} another-token") == "*** ***"


@given(st.dictionaries(NAMES, st.tuples(st.sampled_from(["ask", "watch"]), st.none() | CAMERAS), max_size=6))
def test_each_token_sees_its_cameras_and_no_others(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, tuple[str, list[str] | None]]
) -> None:
    folder = tmp_path_factory.mktemp("config")
    lines = []
    for i, (name, (rights, cameras)) in enumerate(said.items()):
        lines += [f"[tokens.{name}]", f'rights = "{rights}"', f'token = "token-number-{i}"']
        lines += [] if cameras is None else [f"cameras = {cameras}"]
    variables = {name.replace("-", "_") for name in said}
    if len(variables) < len(said):
        with pytest.raises(ConfigError, match="rename one"):
            read(folder, "\n".join(lines))
        return
    auth = Auth(read(folder, "\n".join(lines)).known_tokens)
    owners = set()
    for i, (name, (rights, cameras)) in enumerate(said.items()):
        viewer = auth.viewer({"authorization": f"Bearer token-number-{i}"}, {})
        assert viewer is not None
        assert (viewer.name, viewer.role.may(Role.WATCHER), viewer.admin) == (name, rights == "watch", False)
        every = ["lobby", "yard", "vault", "door-2", "elsewhere"]
        assert viewer.among(every) == [each for each in every if cameras is None or each in cameras]
        assert viewer.sees_every(every) == (cameras is None)
        assert viewer.sees_any(["elsewhere"]) == (cameras is None)
        assert viewer.may_have(viewer.owner)
        assert not viewer.may_have("viewer")
        owners.add(viewer.owner)
    assert len(owners) == len(said)


@pytest.mark.parametrize("said", [kiosk(), '[users.anna]\nrights = "ask"\n', '[server]\nsign_in_header = "X-User"\n'])
def test_a_front_with_rights_by_camera_does_not_begin(tmp_path: Path, said: str) -> None:
    path = tmp_path / "front.toml"
    path.write_text(said + '[shards.one]\nurl = "http://127.0.0.1:1"\n')
    with pytest.raises(ConfigError, match="a front tells everybody who may ask it of all cameras"):
        fronts.load(path, {})
