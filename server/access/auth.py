"""Who may do what: bearer tokens, the page's cookie, and what protects a server without a token.

Without any token everybody who reaches the server is an admin, so it listens on loopback only (check_bind), answers
only to loopback names (a page elsewhere could have its own name resolve to 127.0.0.1), only to loopback clients, and
shows nothing inside the pages of others.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.requests import HTTPConnection

from askcam.server.access.limits import too_many
from askcam.server.access.origins import address, client_key, host_of, is_loopback, normal_origin, origin_of, same_place
from askcam.server.access.passes import PagePasses
from askcam.server.access.rates import Rate, Rates
from askcam.server.config_errors import ConfigError
from askcam.server.errors import PermissionDenied, Unauthenticated

COOKIE = "askcam_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WRONG_TOKENS = Rate(per_s=0.1, burst=10)  # per address; beyond it a wrong one is told to wait
SET_TOKEN = "set ASKCAM_TOKEN (or token under [server] in askcam.toml)"


class Role(StrEnum):
    VIEWER = "viewer"  # may ask, watch, and push a private camera
    ADMIN = "admin"  # may also add and remove cameras

    def may(self, need: "Role") -> bool:
        return self is Role.ADMIN or self is need


@dataclass(frozen=True, slots=True)
class Tokens:
    """The secrets. None: there is no such token. Never shown."""

    viewer: str | None = field(default=None, repr=False)
    admin: str | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.viewer or self.admin)

    def role(self, token: str) -> Role | None:
        """Takes the same time for every wrong token."""
        admin, viewer = _same(token, self.admin), _same(token, self.viewer)
        return Role.ADMIN if admin else Role.VIEWER if viewer else None


class Auth:
    """Owned by the event loop. `clock` is steady, in seconds."""

    def __init__(
        self,
        tokens: Tokens = Tokens(),
        *,
        allowed_origins: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens, self._clock = tokens, clock
        self._origins = frozenset(normal_origin(origin) or origin for origin in allowed_origins)
        self._passes: PagePasses[Role] = PagePasses()
        self._wrong = Rates(WRONG_TOKENS)

    @property
    def origins(self) -> frozenset[str]:
        """Whose pages may use this server, besides its own."""
        return self._origins

    @property
    def token_required(self) -> bool:
        return bool(self._tokens)

    def role(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Role | None:
        """What these credentials are good for. A token in `headers` counts before a cookie, even a wrong one."""
        if not self._tokens:
            return Role.ADMIN
        token = bearer(headers)
        if token is not None:
            return self._tokens.role(token)
        return self._passes.role(cookies.get(COOKIE, ""), self._clock())

    def require(self, conn: HTTPConnection, need: Role = Role.VIEWER) -> Role:
        """The role of a request or websocket. Raises Unauthenticated, PermissionDenied, or TooMany after too many
        wrong tokens from there; a right one always passes, whatever others at that address have tried."""
        role = self._checked(conn, conn.headers)
        if not role.may(need):
            raise insufficient(role, need)
        return role

    def log_in(self, conn: HTTPConnection, token: str | None) -> tuple[str, Role]:
        """A new pass for the page's cookie, by `token` or by the request's own credentials. Raises as require()."""
        headers = conn.headers if token is None else {"authorization": f"Bearer {token}"}
        role = self._checked(conn, headers)
        self.log_out(conn)
        return self._passes.issue(role, self._clock(), _address(conn)), role

    def log_out(self, conn: HTTPConnection) -> None:
        """The request's pass is good no more. Connections that are open stay open."""
        self._passes.revoke(conn.cookies.get(COOKIE, ""))

    def check_source(self, conn: HTTPConnection) -> None:
        """Raise PermissionDenied for what a foreign page makes a browser send, and for strangers to an open server."""
        origin = conn.headers.get("origin")
        unsafe = conn.scope["type"] == "websocket" or conn.scope["method"] not in SAFE
        if unsafe and origin is not None and not self._trusts(origin, conn):
            raise _forbidden(
                f"a page of {origin} may not do this; if it should, name it in allowed_origins under [server]"
            )
        if not self._tokens:
            self._check_local(conn)

    def _check_local(self, conn: HTTPConnection) -> None:
        host, client = host_of(conn.headers.get("host", "")), address(conn.client.host if conn.client else "")
        known = {host_of(origin.partition("://")[2]) for origin in self._origins}
        if host is None or not (is_loopback(host) or host in known):
            raise _forbidden(
                f"without a token this server answers to 127.0.0.1 and localhost only, not to {host or 'no name'}: "
                f"{SET_TOKEN}"
            )
        if client is not None and not client.is_loopback:
            raise _forbidden(f"without a token only this machine may ask, not {client}: {SET_TOKEN}")
        # <img src="http://127.0.0.1:8400/…"> on any page of the world would show this machine's camera.
        place = conn.headers.get("origin") or conn.headers.get("referer", "")
        site, use = conn.headers.get("sec-fetch-site"), conn.headers.get("sec-fetch-dest")
        if site == "cross-site" and use != "document" and origin_of(place) not in self._origins:
            raise _forbidden(
                f"a page of {origin_of(place) or 'another site'} may not show this; if it should, name it in "
                "allowed_origins under [server]"
            )

    def _trusts(self, origin: str, conn: HTTPConnection) -> bool:
        return same_place(origin, conn.headers.get("host", "")) or (normal_origin(origin) or origin) in self._origins

    def _checked(self, conn: HTTPConnection, headers: Mapping[str, str]) -> Role:
        role = self.role(headers, conn.cookies)
        if role is not None:
            return role
        tries = bool(self._tokens) and bearer(headers) is not None
        if tries and (wait_s := self._wrong.take(_address(conn), self._clock())) > 0:
            raise too_many("wrong tokens", wait_s)
        raise Unauthenticated(
            "this token is not the server's"
            if tries
            else "this server wants its token: send Authorization: Bearer TOKEN",
            code="invalid_api_key",
        )


def check_bind(host: str, has_token: bool) -> None:
    """Raise ConfigError when a server without a token would listen to more than this machine."""
    if not has_token and not is_loopback(host):
        raise ConfigError(
            f"listening on {host or 'every address'} without a token would let everybody in: {SET_TOKEN}, "
            "or listen on 127.0.0.1"
        )


def notices(host: str, has_token: bool, tls: bool) -> list[str]:
    """What the one who starts the server must be told, a line each."""
    if not has_token:
        return [f"no token is set: only this machine can reach the server, and whoever does is admin ({SET_TOKEN})"]
    if not tls and not is_loopback(host):
        return [
            f"listening on {host} without TLS: the token travels in the clear, and phones give their camera to https "
            "only (--tls-cert, --tls-key)"
        ]
    return []


def _address(conn: HTTPConnection) -> str:
    return client_key(conn.client.host if conn.client else None)


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of an Authorization header: "" for another scheme than Bearer, a wrong token; None without one."""
    value = headers.get("authorization", "").strip()
    scheme, _, token = value.partition(" ")
    if not value or (scheme.lower() == "bearer" and not token.strip()):
        return None
    return token.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, secret: str | None) -> bool:
    digests = (hashlib.sha256(text.encode()).digest() for text in (given, secret or ""))
    return hmac.compare_digest(*digests) and bool(secret)


def insufficient(role: Role, need: Role) -> PermissionDenied:
    """What somebody is told who may not do this."""
    return PermissionDenied(
        f"this needs the {need} token, yours is the {role} one; "
        "admins are made by ASKCAM_ADMIN_TOKEN or admin_token under [server] in askcam.toml",
        code="insufficient_permissions",
    )


def _forbidden(message: str) -> PermissionDenied:
    return PermissionDenied(message, code="forbidden_origin")
