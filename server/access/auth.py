"""Who may do what: bearer tokens, the page's cookie, and what protects a server without a token.

Without any token everybody who reaches the server is an admin, so it listens on loopback only (check_bind), answers
only to loopback names (a page elsewhere could have its own name resolve to 127.0.0.1), only to loopback clients, and
shows nothing inside the pages of others.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from askcam.server.access.limits import too_many
from askcam.server.access.origins import address, client_key, host_of, is_loopback, normal_origin, origin_of, same_place
from askcam.server.access.passes import PagePasses
from askcam.server.access.rates import Rate, Rates
from askcam.server.access.sign_in import SIGNED_IN
from askcam.server.access.viewer import THE_ADMIN, THE_VIEWER, Role, Viewer
from askcam.server.config_errors import ConfigError
from askcam.server.errors import PermissionDenied, Unauthenticated

COOKIE = "askcam_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WRONG_TOKENS = Rate(per_s=0.1, burst=10)  # per address; beyond it a wrong one is told to wait
SET_TOKEN = "set ASKCAM_TOKEN (or token under [server] in askcam.toml)"


@dataclass(frozen=True, slots=True)
class NamedToken:
    """One of [tokens.NAME], or of those that were made while a server ran: its SHA-256, never the token itself."""

    digest: bytes = field(repr=False)
    viewer: Viewer


@dataclass(frozen=True, slots=True)
class Tokens:
    """The secrets. None: there is no such token. Never shown."""

    viewer: str | None = field(default=None, repr=False)
    admin: str | None = field(default=None, repr=False)
    named: tuple[NamedToken, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.viewer or self.admin or self.named)

    def known(self) -> dict[bytes, Viewer]:
        """Whose they are, by digest. Found by it: how long that takes says nothing of how near a wrong token is."""
        own = {
            digest_of(token): whose for token, whose in ((self.viewer, THE_VIEWER), (self.admin, THE_ADMIN)) if token
        }
        return {each.digest: each.viewer for each in self.named} | own


class Auth:
    """Owned by the event loop. `clock` is steady, in seconds."""

    def __init__(
        self,
        tokens: Tokens = Tokens(),
        *,
        allowed_origins: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        signs_in: bool = False,
    ) -> None:
        """`signs_in`: a proxy says who has signed in there, so that nobody is let in without."""
        self._tokens, self._clock = tokens.known(), clock
        self._made: dict[bytes, Viewer] = {}  # while a server ran
        self._required = bool(tokens) or signs_in
        self._origins = frozenset(normal_origin(origin) or origin for origin in allowed_origins)
        self._passes: PagePasses[bytes] = PagePasses()  # of the digests of tokens
        self._wrong = Rates(WRONG_TOKENS)

    def made(self, tokens: Collection[NamedToken]) -> set[Viewer]:
        """These are the tokens that were made by now, instead of those before. Returns who is let in no more. From the
        first one on everybody needs a token, also when none is left: a server does not open by losing one."""
        before, self._made = set(self._made.values()), {each.digest: each.viewer for each in tokens}
        self._required = True
        return before - set(self._made.values())

    @property
    def origins(self) -> frozenset[str]:
        """Whose pages may use this server, besides its own."""
        return self._origins

    @property
    def token_required(self) -> bool:
        return self._required

    def viewer(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Viewer | None:
        """Whose these credentials are. A token in `headers` counts before a cookie, even a wrong one."""
        if not self._required:
            return THE_ADMIN
        token = bearer(headers)
        digest = self._passes.of(cookies.get(COOKIE, ""), self._clock()) if token is None else digest_of(token)
        return None if digest is None else self._tokens.get(digest) or self._made.get(digest)

    def who(self, conn: HTTPConnection, headers: Mapping[str, str]) -> Viewer | None:
        """Who asks: by a token in `headers`, else as a trusted proxy says (sign_in.py), else by the page's cookie."""
        signed_in = conn.scope.get(SIGNED_IN)
        if isinstance(signed_in, Viewer) and not bearer(headers):  # "": another scheme, which the proxy has asked for
            return signed_in
        return self.viewer(headers, conn.cookies)

    def require(self, conn: HTTPConnection, need: Role = Role.VIEWER) -> Viewer:
        """Who asks by a request or websocket. Raises Unauthenticated, PermissionDenied, or TooMany after too many
        wrong tokens from there; a right one always passes, whatever others at that address have tried."""
        viewer = self._checked(conn, conn.headers)
        check_role(viewer, need)
        return viewer

    def log_in(self, conn: HTTPConnection, token: str | None) -> tuple[str, Viewer]:
        """A new pass for the page's cookie, by `token` or by the request's own credentials. Raises as require()."""
        headers = conn.headers if token is None else {"authorization": f"Bearer {token}"}
        viewer = self._checked(conn, headers)
        given = bearer(headers)
        own = self._passes.of(conn.cookies.get(COOKIE, ""), self._clock()) if given is None else digest_of(given)
        self.log_out(conn)
        return self._passes.issue(own or b"", self._clock(), _address(conn)), viewer

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
        if not self._required:
            self._check_local(conn)
        elif SIGNED_IN in conn.scope:  # whose cookie is the proxy's: browsers may send it whoever's page asks
            self._check_page(conn)

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
        self._check_page(conn)

    def _check_page(self, conn: HTTPConnection) -> None:
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

    def _checked(self, conn: HTTPConnection, headers: Mapping[str, str]) -> Viewer:
        viewer = self.who(conn, headers)
        if viewer is not None:
            return viewer
        tries = self._required and bearer(headers) is not None
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


def digest_of(token: str) -> bytes:
    """What is kept of a token, and what it is found by."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def check_role(viewer: Viewer, need: Role) -> None:
    """Raises PermissionDenied for who may not do this."""
    if not viewer.role.may(need):
        raise insufficient(viewer.role, need)


def insufficient(role: Role, need: Role) -> PermissionDenied:
    """What somebody is told who may not do this."""
    made = "admins are made by ASKCAM_ADMIN_TOKEN or admin_token under [server] in askcam.toml"
    if need is Role.WATCHER:
        made = 'watchers by rights = "watch" under [tokens.NAME], ' + made
    return PermissionDenied(
        f"this needs the {need} token, yours is the {role} one; {made}", code="insufficient_permissions"
    )


def _forbidden(message: str) -> PermissionDenied:
    return PermissionDenied(message, code="forbidden_origin")
