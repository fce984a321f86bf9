"""[server] of a config file: where a server listens, whom it lets in, whose word it takes for who asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.server.access.auth import Tokens, check_bind
from askcam.server.access.origins import normal_origin
from askcam.server.access.proxies import TrustedProxies
from askcam.server.access.tls import check_tls
from askcam.server.config_errors import ConfigError

Port = Annotated[int, Meta(ge=0, le=65535)]
MAX_TOKEN_BYTES = 4096  # of a file
MIN_TOKEN_CHARS = 8
FRESH_TOKEN = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(24))'"


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """[server]. Paths are relative to the file that names them."""

    host: str = "127.0.0.1"
    port: Port = 8400  # 0: any free one
    tls_cert: Path | None = None  # PEM, the chain
    tls_key: Path | None = None  # PEM, without a password
    token: str | None = field(default=None, repr=False)  # a viewer's; ASKCAM_TOKEN goes before it
    admin_token: str | None = field(default=None, repr=False)  # ASKCAM_ADMIN_TOKEN goes before it
    max_age_ms: Annotated[float, Meta(gt=0)] | None = None  # older frames are refused, unless a question says otherwise
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks of reverse proxies: "127.0.0.1", "10.0.0.0/8"
    allowed_origins: tuple[str, ...] = ()  # of other pages that may talk to this server: "https://house.example"

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.token, self.admin_token)

    @property
    def tls(self) -> bool:
        return self.tls_cert is not None

    def with_tokens(self, env: Mapping[str, str]) -> "ServerConfig":
        """The environment goes before the file; a variable that is empty counts as unset."""
        token, admin = env.get("ASKCAM_TOKEN"), env.get("ASKCAM_ADMIN_TOKEN")
        return replace(self, token=token or self.token, admin_token=admin or self.admin_token)


def check_server(server: ServerConfig) -> None:
    """Raise ConfigError for what is well written but cannot be served: TLS files, tokens, an open server elsewhere."""
    for name, token in (("token", server.token), ("admin_token", server.admin_token)):
        if token is not None:
            check_token(token, f"{name} under [server], or ASKCAM_{name.upper()}")
    if server.token is not None and server.token == server.admin_token:
        raise ConfigError(f"token and admin_token are the same, so every viewer would be an admin: {FRESH_TOKEN}")
    for origin in server.allowed_origins:
        if normal_origin(origin) is None:
            raise ConfigError(f"allowed_origins names {origin!r}; write scheme, host and port: 'https://house.example'")
    try:
        TrustedProxies(server.trusted_proxies)
    except ValueError as exc:
        raise ConfigError(
            f"trusted_proxies under [server]: {exc}; write addresses or networks, as in '127.0.0.1' or '10.0.0.0/8'"
        ) from exc
    check_tls(server.tls_cert, server.tls_key)
    check_bind(server.host, bool(server.tokens))


def check_token(token: str, where: str) -> None:
    """Raise ConfigError unless it may be a token."""
    if len(token) < MIN_TOKEN_CHARS or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            f"the token ({where}) needs at least {MIN_TOKEN_CHARS} ASCII letters, digits or signs, no blanks; "
            f"{FRESH_TOKEN}"
        )


def token_in(path: Path | None, whose: str) -> str | None:
    """The first line of a token file, without blanks around it. Raises ConfigError, which names `whose` it is."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            text = file.read(MAX_TOKEN_BYTES).decode()
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is no text"
        raise ConfigError(f"cannot read the token of {whose} in {path}: {why}") from exc
    if not (token := text.strip().partition("\n")[0].strip()):
        raise ConfigError(f"the token file {path} of {whose} is empty")
    return token
