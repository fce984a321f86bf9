"""[server] of a config file: where a server listens, whom it lets in, whose word it takes for who asks."""

import re
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
SIGN_IN_SECRET = "ASKCAM_SIGN_IN_SECRET"
SECRET_HEADER = "X-Askcam-Sign-In"  # in which the proxy shows it
HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
NO_NAMES = frozenset(
    (
        *("authorization", "cookie", "host", "origin", "referer", "user-agent", "accept", "content-type"),
        *("content-length", "connection", "upgrade", "forwarded", "x-forwarded-for", "x-forwarded-proto"),
        *("x-forwarded-host", "x-request-id", "x-askcam-sign-in"),
    )
)  # headers that say something else
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
    sign_in_header: str | None = None  # in which a trusted proxy says who has signed in: "X-Forwarded-User"
    sign_in_secret: str | None = field(default=None, repr=False)  # ASKCAM_SIGN_IN_SECRET goes before it
    tokens_folder: Path | None = None  # of `askcam tokens`; None: the user's data folder, beside evidence's

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.token, self.admin_token)

    @property
    def tls(self) -> bool:
        return self.tls_cert is not None

    def with_tokens(self, env: Mapping[str, str]) -> "ServerConfig":
        """The environment goes before the file; a variable that is empty counts as unset."""
        token, admin, secret = (env.get(name) for name in ("ASKCAM_TOKEN", "ASKCAM_ADMIN_TOKEN", SIGN_IN_SECRET))
        return replace(
            self,
            token=token or self.token,
            admin_token=admin or self.admin_token,
            sign_in_secret=secret or self.sign_in_secret,
        )


def check_server(server: ServerConfig, *, others: bool = False) -> None:
    """Raise ConfigError for what is well written but cannot be served: TLS files, tokens, an open server elsewhere.
    `others`: people are let in by something else, too."""
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
    check_bind(server.host, bool(server.tokens) or others)


def check_sign_in(server: ServerConfig, *, users: bool) -> None:
    """Raise ConfigError for half of it: each part alone would let in nobody, or everybody."""
    header, secret = server.sign_in_header, server.sign_in_secret
    if header is None and secret is None and not users:
        return
    if header is None:
        raise ConfigError(
            "sign_in_header under [server] is missing: the header in which the proxy says who has signed in, as in "
            '"X-Forwarded-User"' + ("; without it [users] let nobody in" if users else "")
        )
    if not HEADER.fullmatch(header) or header.lower() in NO_NAMES:
        raise ConfigError(f'sign_in_header is {header!r}; write a header of its own, as in "X-Forwarded-User"')
    if secret is None:
        raise ConfigError(
            f"sign_in_secret under [server], or {SIGN_IN_SECRET}, is missing: the proxy shows it in {SECRET_HEADER}, "
            f"so that nobody else at its address is believed; {FRESH_TOKEN}"
        )
    check_token(secret, f"sign_in_secret under [server], or {SIGN_IN_SECRET}")
    if secret in (server.token, server.admin_token):
        raise ConfigError(f"sign_in_secret is one of the tokens, so whoever has that could be anybody: {FRESH_TOKEN}")
    if not server.trusted_proxies:
        raise ConfigError(
            "sign_in_header is believed of trusted proxies only, and trusted_proxies under [server] names none: write "
            'the proxy\'s address, as in trusted_proxies = ["127.0.0.1"]'
        )
    if not users:
        raise ConfigError(
            'sign_in_header without [users] lets nobody in: write [users.anna] rights = "ask", or [users."*"] for '
            "whoever has signed in"
        )


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
