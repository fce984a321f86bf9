"""[notify.NAME] of askcam.toml. Addresses and secrets may come from the environment, by variables that it names."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from askcam.features.notify.push_services import check
from askcam.features.notify.setting import EXAMPLE, NotifySetting
from askcam.server.config_errors import ConfigError
from askcam.server.toml_file import NAME, Keys, Toml
from askcam.stream.sources.label import secrets_of

FROM_ENV = ("webhook", "secret", "apprise")  # each also as NAME_env = "VARIABLE"
# As shells and service files write them. Secrets have no underscores between words of capitals, as a rule.
VARIABLE = re.compile(r"(?=.{1,64}\Z)[A-Z][A-Z0-9]{0,23}(_[A-Z0-9]{1,23})+")
LEAST_CHARS = 6  # of a piece of a push service's URL: "json", "https" are no secrets
TABLE = '[notify.phone] with apprise = ["ntfy://my-topic"]'


def read_notify(toml: Toml, env: Mapping[str, str] | None) -> dict[str, NotifySetting]:
    """By name. Raises ConfigError, which shows no address and no secret."""
    return {name: _target(toml, name, env or {}) for name in toml.tables(("notify",), TABLE)}


def check_notify(targets: Mapping[str, NotifySetting], cameras: Collection[str] = ()) -> None:
    """Raise ConfigError for what no push service would understand. Imports Apprise where it is needed."""
    for name, setting in targets.items():
        if setting.apprise:
            try:
                check(setting.apprise)
            except ConfigError as exc:
                raise ConfigError(f"[notify.{name}]: {exc}") from exc


def secrets(targets: Mapping[str, NotifySetting]) -> Iterator[tuple[str, Iterable[str]]]:
    """What must not be shown, by target."""
    for name, setting in targets.items():
        yield name, _secrets_of(setting.webhook, setting.secret, setting.apprise)


def _target(toml: Toml, name: str, env: Mapping[str, str]) -> NotifySetting:
    path = ("notify", name)
    if not NAME.fullmatch(name):
        raise ConfigError(f"{toml.place(path)}: a target's name has up to 63 of a-z, 0-9, '-', '_'")
    toml.check_keys(path, [*(each.name for each in fields(NotifySetting)), *(f"{key}_env" for key in FROM_ENV)])
    table: dict[str, Any] = dict(toml.at(path))
    for key in FROM_ENV:
        if f"{key}_env" in table:
            value = _variable(toml, (*path, f"{key}_env"), table, key, env)
            table[key] = value.split() if key == "apprise" else value
    if not table.get("webhook") and not table.get("apprise"):
        raise ConfigError(f"{toml.place(path)}: a target needs to lead somewhere: {EXAMPLE}")
    return toml.convert(path, table, NotifySetting)


def _variable(toml: Toml, path: Keys, table: dict[str, Any], key: str, env: Mapping[str, str]) -> str:
    """The value of the variable that the key at `path` names; the key leaves `table`."""
    variable = table.pop(path[-1])
    if key in table:
        raise ConfigError(f"{toml.place(path)}: {key} stands there, too: leave one of them out")
    if not isinstance(variable, str) or not variable.strip():
        raise ConfigError(f'{toml.place(path)}: expected the name of a variable: {key}_env = "ASKCAM_NOTIFY"')
    value = env.get(variable, "").strip()
    if not value:
        # What does not look like a variable's name may be the secret itself, put into the wrong key: not repeated.
        which = variable if VARIABLE.fullmatch(variable) else "that it names"
        raise ConfigError(f"{toml.place(path)}: the variable {which} is not set in the server's environment")
    return value


def _secrets_of(webhook: str | None, secret: str | None, urls: tuple[str, ...]) -> Iterator[str]:
    for one in filter(None, (secret, (secret or "").removeprefix("whsec_"))):
        yield from one.split()
    if webhook is not None:
        yield from secrets_of(webhook)
    for url in urls:  # each service has its own idea of what stands where in its URL
        yield url
        yield from secrets_of(url)
        yield from (piece for piece in re.split(r"[/?&=:@#]", url.partition("://")[2]) if len(piece) >= LEAST_CHARS)
