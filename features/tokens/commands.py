"""`askcam tokens make`, `list`, `revoke`."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import get_args

from askcam.features.tokens import made
from askcam.features.tokens.running import LOOK_S
from askcam.server.access.viewer import Rights
from askcam.server.config_errors import ConfigError
from askcam.server.people_config import RightsConfig
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.words import Words

told = Words(__name__)


def make(folder: Path, taken: Collection[str], name: str, rights: str, cameras: str | None, json: bool) -> None:
    """Says the token, this once: on stdout nothing else stands."""
    with leaving():
        token = made.make(folder, name, rights_of(rights, cameras), time.time(), taken)
    if json:
        say.line({"name": name, "token": token})
        return
    print(token)
    say.errors.print(say.escape(told("made", name=name, seconds=f"{2 * LOOK_S:g}")))


def show(folder: Path, json: bool) -> None:
    with leaving():
        tokens = made.read(folder)
    for each in tokens:
        cameras = None if each.cameras is None else list(each.cameras)
        if json:
            row = {"name": each.name, "rights": each.rights, "cameras": cameras, "made": each.made}
            say.line(row | {"revoked": each.revoked})
            continue
        which = told("all") if cameras is None else ", ".join(cameras)
        end = "" if each.revoked is None else " · " + told("revoked.at", at=each.revoked)
        say.console.print(say.escape(f"{each.name}: {each.rights} · {which} · {told('made.at', at=each.made)}{end}"))
    if not tokens and not json:
        say.console.print(say.escape(told("none", folder=folder)))


def revoke(folder: Path, name: str, json: bool) -> None:
    with leaving():
        gone = made.revoke(folder, name, time.time())
    if json:
        say.line({"name": name, "revoked": gone.revoked})
    else:
        say.console.print(say.escape(told("revoked", name=name, seconds=f"{2 * LOOK_S:g}")))


def rights_of(rights: str, cameras: str | None) -> RightsConfig:
    """Raises ConfigError."""
    known: tuple[Rights, ...] = get_args(Rights)
    for each in known:
        if rights == each:
            names = None if cameras is None else tuple(name for part in cameras.split(",") if (name := part.strip()))
            return RightsConfig(rights=each, cameras=names)
    raise ConfigError(f"--rights takes {', '.join(known)}, not {rights!r}")
