"""Who a reverse proxy says has signed in there: believed of trusted proxies that show a secret, and of nobody else."""

import hmac
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from askcam.server.access.proxies import TrustedProxies
from askcam.server.access.viewer import Viewer

SIGNED_IN = "askcam.signed_in"  # in a scope: the Viewer that a trusted proxy has named
MAX_NAME = 256
_SHOWN = b"x-askcam-sign-in"  # in which the proxy shows the secret
OTHERS = "*"  # whose rights somebody has who is not named


@dataclass(frozen=True, slots=True)
class SignInRules:
    """`header` in lower case. `viewers` by the user's name; OTHERS for whoever is not named, if they may come in."""

    header: str
    secret: str = field(repr=False)
    viewers: Mapping[str, Viewer]

    def viewer(self, user: str) -> Viewer | None:
        """None: nobody who may come in. What has no place in a name is in none: no header smuggles one in."""
        if not user or len(user) > MAX_NAME or not user.isprintable() or user == OTHERS:
            return None
        found = self.viewers.get(user)
        if found is None and (others := self.viewers.get(OTHERS)) is not None:
            found = Viewer(f"user:{user}", others.role, others.cameras, others.key)
        return found


class SignIn:
    """ASGI, in front of whoever reads or rewrites addresses. Takes both headers out, whoever sent them: nobody further
    in can take them for anything. Owned by the event loop."""

    def __init__(self, app: ASGIApp, proxies: TrustedProxies, rules: SignInRules | None, ignored: Counter[str]) -> None:
        """`ignored`: how often such a header was not believed, by reason."""
        self.app, self.proxies, self.rules, self.ignored = app, proxies, rules, ignored

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.rules is not None and scope["type"] in ("http", "websocket"):
            header = self.rules.header.encode()
            said = [value for name, value in scope["headers"] if name == header]
            shown = [value for name, value in scope["headers"] if name == _SHOWN]
            if said or shown:
                kept = [each for each in scope["headers"] if each[0] not in (header, _SHOWN)]
                scope = {**scope, "headers": kept}
            if said:
                found = self._believed(self.rules, scope, said, shown)
                if isinstance(found, Viewer):
                    scope[SIGNED_IN] = found
                else:
                    self.ignored[found] += 1
        await self.app(scope, receive, send)

    def _believed(self, rules: SignInRules, scope: Scope, said: list[bytes], shown: list[bytes]) -> Viewer | str:
        """Who it is, or why it is not believed."""
        peer = scope.get("client")
        if not peer or peer[0] not in self.proxies:
            return "address"
        if len(shown) != 1 or not hmac.compare_digest(shown[0], rules.secret.encode()):
            return "secret"
        if len(said) != 1:
            return "several"
        try:
            user = said[0].decode().strip()
        except UnicodeDecodeError:
            return "name"
        return rules.viewer(user) or "name"
