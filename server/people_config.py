"""[tokens.NAME] and [users.NAME] of a config file: who may do what, and with which cameras."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from msgspec import Meta

from askcam.server.access.auth import NamedToken, digest_of
from askcam.server.access.viewer import ROLE_OF, TAKEN_NAMES, Rights, Viewer
from askcam.server.camera_names import check_name
from askcam.server.config_errors import ConfigError
from askcam.server.errors import Refusal
from askcam.server.given_names import quoted
from askcam.server.server_config import FRESH_TOKEN, check_token
from askcam.server.toml_file import NAME, Toml

MAX_TOKENS = 256
MADE = "tokens.json"  # the file of those that were made while a server ran
MAX_USERS = 1024
EVERYBODY = "*"  # [users."*"]: whoever has signed in and is not named
EXAMPLE = 'rights = "ask", cameras = ["lobby"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsConfig:
    """What somebody may do."""

    rights: Rights
    cameras: Annotated[tuple[str, ...], Meta(max_length=4096)] | None = None  # None: all

    def viewer(self, name: str, key: str) -> Viewer:
        return Viewer(name, ROLE_OF[self.rights], None if self.cameras is None else frozenset(self.cameras), key)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenConfig(RightsConfig):
    """[tokens.NAME]. ASKCAM_TOKEN_NAME goes before `token`."""

    token: str | None = field(default=None, repr=False)

    def named(self, name: str) -> NamedToken:
        assert self.token is not None, "checked"
        digest = digest_of(self.token)
        return NamedToken(digest, self.viewer(name, digest.hex()[:16]))


def read_tokens(toml: Toml) -> Mapping[str, TokenConfig]:
    """Raises ConfigError."""
    found = {}
    for name in toml.tables(("tokens",), f"[tokens.kiosk] {EXAMPLE}"):
        keys = ("tokens", name)
        check_token_name(name, toml.place(keys))
        _check_said(toml, keys)
        one: TokenConfig = toml.section(keys, TokenConfig)
        check_rights(one, toml.place(keys))
        found[name] = one
    return found


def read_users(toml: Toml) -> Mapping[str, RightsConfig]:
    """Raises ConfigError."""
    found = {}
    for name in toml.tables(("users",), f"[users.anna] {EXAMPLE}"):
        keys = ("users", name)
        if not name or len(name) > 256 or not name.isprintable():
            raise ConfigError(f"{toml.place(keys)}: a user's name has 1 to 256 characters that can be printed")
        _check_said(toml, keys)
        one: RightsConfig = toml.section(keys, RightsConfig)
        check_rights(one, toml.place(keys))
        found[name] = one
    if len(found) > MAX_USERS:
        raise ConfigError(f'[users] names {len(found)}: at most {MAX_USERS}; give the others rights by [users."*"]')
    return found


def _check_said(toml: Toml, keys: tuple[str, ...]) -> None:
    if "rights" not in toml.at(keys):
        raise ConfigError(f"{toml.place(keys)}: it says no rights; write {EXAMPLE}")


def with_tokens(tokens: Mapping[str, TokenConfig], env: Mapping[str, str]) -> dict[str, TokenConfig]:
    """The environment goes before the file; a variable that is empty counts as unset."""
    return {name: replace(each, token=env.get(variable(name)) or each.token) for name, each in tokens.items()}


def variable(name: str) -> str:
    """Of the environment, for a token's name."""
    return "ASKCAM_TOKEN_" + name.upper().replace("-", "_")


def check_tokens(tokens: Mapping[str, TokenConfig], others: Mapping[str, str | None]) -> None:
    """Raise ConfigError for tokens that are missing, no tokens, or the same. `others`: those of [server], by their
    names there."""
    if len(tokens) > MAX_TOKENS:
        raise ConfigError(f"[tokens] names {len(tokens)}: at most {MAX_TOKENS}")
    variables: dict[str, str] = {}
    whose = {token: f"{name} under [server]" for name, token in others.items() if token}
    for name, each in tokens.items():
        place = f"[tokens.{name}]"
        if (other := variables.setdefault(variable(name), name)) != name:
            raise ConfigError(f"{place} and [tokens.{other}] would both be set by {variable(name)}: rename one")
        if not each.token:
            raise ConfigError(f"{place} has no token: set {variable(name)}, or token there; {FRESH_TOKEN}")
        check_token(each.token, f"token under {place}, or {variable(name)}")
        if (before := whose.setdefault(each.token, place)) != place:
            raise ConfigError(f"{place} has the same token as {before}, so nobody could say who asks: {FRESH_TOKEN}")


def check_token_name(name: str, place: str) -> None:
    """Raise ConfigError unless a token may be called so."""
    if not NAME.fullmatch(name) or name in TAKEN_NAMES:
        raise ConfigError(
            f"{place}: {quoted(name)} cannot be a token's name: use up to 63 of a-z, 0-9, '-', '_', and none of "
            f"{', '.join(sorted(TAKEN_NAMES))}"
        )


def check_rights(said: RightsConfig, place: str) -> None:
    """Raise ConfigError for rights that make no sense."""
    if said.cameras is None:
        return
    if said.rights == "admin":
        raise ConfigError(
            f"{place}: an admin adds and removes cameras, so cannot be limited to some: leave cameras out, or write "
            'rights = "watch"'
        )
    if not said.cameras:
        raise ConfigError(f"{place}: cameras is empty: name some, or leave it out for all")
    for camera in said.cameras:
        try:
            check_name(camera)
        except Refusal as exc:
            raise ConfigError(f"{place}: cameras: {exc.message}") from exc


def not_there(said: Mapping[str, RightsConfig], cameras: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Names with cameras that are not there, or not yet."""
    known = set(cameras)
    for name, each in said.items():
        yield from ((name, camera) for camera in each.cameras or () if camera not in known)
