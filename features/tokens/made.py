"""Tokens that `askcam tokens` has made, on disk: their SHA-256 and what they are good for, never the tokens."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from askcam.server.access.auth import NamedToken, digest_of
from askcam.server.access.viewer import Rights
from askcam.server.config_errors import CannotOpen, ConfigError
from askcam.server.people_config import MADE, MAX_TOKENS, RightsConfig, check_rights, check_token_name
from askcam.server.storage.disk import make_private
from askcam.server.storage.folder import FolderInUse, Lock
from askcam.server.wire.moments import rfc3339

FORMAT = 1
MAX_BYTES = 16 << 20  # more is no file of ours
MAX_REVOKED = 1024  # those revoked first are forgotten beyond that

Hex = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class TokensError(CannotOpen):
    """What can go wrong with them. The message names the file or the token, and the remedy; never a token itself."""


class MadeToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the file."""

    name: str
    sha256: Hex  # of the token
    rights: Rights
    made: str  # RFC 3339, UTC
    cameras: Annotated[tuple[str, ...], msgspec.Meta(max_length=4096)] | None = None  # None: all
    revoked: str | None = None  # RFC 3339, UTC: good for nothing since then

    @property
    def config(self) -> RightsConfig:
        return RightsConfig(rights=self.rights, cameras=self.cameras)

    def named(self) -> NamedToken:
        return NamedToken(bytes.fromhex(self.sha256), self.config.viewer(self.name, self.sha256[:16]))


class _File(msgspec.Struct, frozen=True):
    tokens: tuple[MadeToken, ...]
    format: int = FORMAT


def read(folder: Path) -> tuple[MadeToken, ...]:
    """All that were made, revoked ones among them; none where there is no file. Blocks shortly; any thread and process
    may read while another writes. Raises TokensError."""
    path = folder / MADE
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ()
    except OSError as exc:
        raise TokensError(f"cannot read {path}: {exc.strerror}") from exc
    if len(raw) > MAX_BYTES:
        raise TokensError(f"{path} has more than {MAX_BYTES:,} bytes: that is no file of tokens")
    try:
        found = msgspec.json.decode(raw, type=_File)
        if found.format != FORMAT:
            raise TokensError(f"{path} has format {found.format}, and this askcam reads {FORMAT}: take a newer one")
        for each in found.tokens:
            check_token_name(each.name, str(path))
            check_rights(each.config, f"{path}: {each.name}")
    except (msgspec.DecodeError, ConfigError) as exc:
        raise TokensError(f"{path} is not as it was written ({exc}): move it away, and make the tokens anew") from exc
    if sum(each.revoked is None for each in found.tokens) > MAX_TOKENS:
        raise TokensError(f"{path} has more than {MAX_TOKENS} tokens: revoke some")
    return found.tokens


def make(folder: Path, name: str, said: RightsConfig, now: float, taken: Collection[str] = ()) -> str:
    """A new token, which is told this once; with what the token `name` may do. `now` in seconds since the epoch;
    `taken`: names of others. Raises TokensError, ConfigError."""
    check_token_name(name, "the token")
    check_rights(said, f"the token {name}")
    if name in taken:
        raise ConfigError(f"there is a [tokens.{name}] in the config: name the token otherwise")
    token = secrets.token_urlsafe(24)
    with _writing(folder) as there:
        living = [each for each in there if each.revoked is None]
        if any(each.name == name for each in living):
            raise TokensError(f"there is a token {name!r} already: revoke it first, or name the new one otherwise")
        if len(living) >= MAX_TOKENS:
            raise TokensError(f"there are {MAX_TOKENS} tokens: revoke one first")
        there.append(MadeToken(name, digest_of(token).hex(), said.rights, rfc3339(now), said.cameras))
    return token


def revoke(folder: Path, name: str, now: float) -> MadeToken:
    """It is good for nothing from now on. Raises TokensError for one that is not there."""
    with _writing(folder) as there:
        for i, each in enumerate(there):
            if each.name == name and each.revoked is None:
                there[i] = msgspec.structs.replace(each, revoked=rfc3339(now))
                return there[i]
        names = ", ".join(each.name for each in there if each.revoked is None) or "there is none"
        raise TokensError(f"there is no token {name!r} to revoke; tokens here: {names}")


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[list[MadeToken]]:
    """What there is, to be changed; written once the block is left well. Nobody else writes meanwhile. A crash leaves
    the file as it was before, or as it is after. Raises TokensError."""
    try:
        make_private(folder)
        lock = Lock(folder)
    except OSError as exc:
        raise TokensError(f"cannot keep tokens in {folder}: {exc.strerror}") from exc
    except FolderInUse as exc:
        raise TokensError(f"another `askcam tokens` writes in {folder}: try again") from exc
    try:
        there = list(read(folder))
        yield there
        revoked = [each for each in there if each.revoked is not None]
        forgotten = revoked[: max(0, len(revoked) - MAX_REVOKED)]
        _put(folder, msgspec.json.encode(_File(tuple(each for each in there if each not in forgotten))))
    finally:
        lock.release()


def _put(folder: Path, data: bytes) -> None:
    """Written aside, forced out, renamed. Raises TokensError."""
    try:
        handle, aside = tempfile.mkstemp(dir=folder, prefix=MADE)  # for its user alone
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, folder / MADE)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise TokensError(f"cannot write {folder / MADE}: {exc.strerror}") from exc
