"""Who may say what only a shard may: whoever shows the token that front and shards share."""

import hmac
import time
from collections.abc import Callable

from starlette.requests import HTTPConnection

from askcam.server.access.auth import WRONG_TOKENS, Auth, bearer, digest_of
from askcam.server.access.limits import too_many
from askcam.server.access.origins import client_key
from askcam.server.access.rates import Rates
from askcam.server.errors import PermissionDenied, Unauthenticated

REMEDY = "show the front's [cluster] token_file, or its ASKCAM_SHARD_ADMIN_TOKEN: [shard] token_file, or that variable"


class ShardKey:
    """Owned by the event loop. `clock` is steady, in seconds."""

    def __init__(self, token: str, people: Auth, clock: Callable[[], float] = time.monotonic) -> None:
        """`people`: whose tokens are good for everything else, and not for this."""
        self._token, self._people, self._clock = digest_of(token), people, clock
        self._wrong = Rates(WRONG_TOKENS)

    def check(self, conn: HTTPConnection) -> None:
        """Raise Unauthenticated, PermissionDenied for a token of people, TooMany after too many wrong ones from there.
        A right one always passes; it takes the same time for every wrong one."""
        token = bearer(conn.headers)
        if token is not None and hmac.compare_digest(digest_of(token), self._token):
            return
        if token is None:
            raise Unauthenticated(f"only shards may say this, and none was shown: {REMEDY}", code="invalid_shard_token")
        if (wait_s := self._wrong.take(client_key(conn.client.host if conn.client else None), self._clock())) > 0:
            raise too_many("wrong tokens", wait_s)
        if self._people.token_required and self._people.viewer(conn.headers, {}) is not None:
            raise PermissionDenied(
                f"this is a token of people, and only shards may say this: {REMEDY}", code="not_a_shard"
            )
        raise Unauthenticated(
            f"this is not the token that front and shards share: {REMEDY}", code="invalid_shard_token"
        )
