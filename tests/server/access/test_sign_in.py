"""Who a proxy says has signed in: believed of one that is trusted and shows the secret, and of nobody else."""

from collections import Counter

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config, ServerConfig
from askcam.server.access.auth import Auth
from askcam.server.access.proxies import TrustedProxies
from askcam.server.access.sign_in import SIGNED_IN, SignIn, SignInRules
from askcam.server.access.viewer import Role, Viewer
from askcam.server.core import Core
from askcam.server.people_config import RightsConfig

SECRET, PROXY, CLIENT = "secret-of-the-proxy", "10.0.0.1", "192.0.2.7"
USERS = {"anna": RightsConfig(rights="watch", cameras=("lobby",)), "*": RightsConfig(rights="ask", cameras=("yard",))}
SERVER = ServerConfig(
    admin_token="admin-of-the-tests",
    trusted_proxies=(PROXY,),
    sign_in_header="X-Forwarded-User",
    sign_in_secret=SECRET,
)
SAID = [("X-Forwarded-User", "anna"), ("X-Askcam-Sign-In", SECRET), ("X-Forwarded-For", CLIENT)]
Headers = list[tuple[str, str]]


@pytest.fixture
def core() -> Core:
    return build_core(Config(server=SERVER, users=USERS))


def client(core: Core, address: str = PROXY) -> TestClient:
    return TestClient(build_app(core), base_url="http://127.0.0.1:8400", client=(address, 5000))


def without(name: str) -> Headers:
    return [each for each in SAID if each[0] != name]


def other(name: str, value: str) -> Headers:
    return [*without(name), (name, value)]


REFUSED: dict[str, tuple[str, Headers, str]] = {
    "from elsewhere": (CLIENT, SAID, "address"),
    "from elsewhere, with the proxy's address as its own": (CLIENT, other("X-Forwarded-For", PROXY), "address"),
    "without the secret": (PROXY, without("X-Askcam-Sign-In"), "secret"),
    "with another secret": (PROXY, other("X-Askcam-Sign-In", SECRET + "x"), "secret"),
    "with the secret twice": (PROXY, [*SAID, ("X-Askcam-Sign-In", SECRET)], "secret"),
    "with two names": (PROXY, [*SAID, ("X-Forwarded-User", "berta")], "several"),
    "with no name": (PROXY, other("X-Forwarded-User", ""), "name"),
    "as everybody": (PROXY, other("X-Forwarded-User", "*"), "name"),
    "with a name that is too long": (PROXY, other("X-Forwarded-User", "a" * 257), "name"),
    "with signs in its name": (PROXY, other("X-Forwarded-User", "an\tna"), "name"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_who_is_not_believed_is_nobody_and_counted(core: Core, what: str) -> None:
    address, headers, reason = REFUSED[what]
    reply = client(core, address).get("/v1/cameras", headers=headers)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")
    assert core.ignored_names == Counter({reason: 1})
    with client(core) as admin:
        told = admin.get("/metrics", headers={"Authorization": "Bearer admin-of-the-tests"}).text
    assert f'askcam_sign_ins_ignored_total{{reason="{reason}"}} 1.0' in told


@pytest.mark.parametrize(
    ("user", "name", "role", "cameras"),
    [("anna", "user:anna", "watcher", ["lobby"]), ("Berta B", "user:Berta B", "viewer", ["yard"])],
)
def test_who_has_signed_in_has_their_rights(core: Core, user: str, name: str, role: str, cameras: list[str]) -> None:
    reply = client(core).get("/v1/session", headers=other("X-Forwarded-User", user))
    assert reply.json() == {"role": role, "token_required": True, "name": name, "cameras": cameras}
    assert not core.ignored_names


def test_without_a_word_about_others_only_those_that_are_named_come_in() -> None:
    core = build_core(Config(server=SERVER, users={"anna": USERS["anna"]}))
    assert client(core).get("/v1/cameras", headers=SAID).status_code == 200
    assert client(core).get("/v1/cameras", headers=other("X-Forwarded-User", "berta")).status_code == 401


def test_a_token_goes_before_who_has_signed_in_and_another_scheme_does_not(core: Core) -> None:
    for value, name in (("Bearer admin-of-the-tests", "admin"), ("Basic YTpi", "user:anna")):
        reply = client(core).get("/v1/session", headers=[*SAID, ("Authorization", value)])
        assert reply.json()["name"] == name
    assert (
        client(core).get("/v1/session", headers=[*SAID, ("Authorization", "Bearer wrong-one")]).json()["role"] is None
    )


def test_a_page_of_elsewhere_shows_nothing_by_the_proxys_cookie(core: Core) -> None:
    cross = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "image"), ("Referer", "https://evil.example/")]
    assert client(core).get("/v1/cameras", headers=[*SAID, *cross]).status_code == 403
    assert client(core).get("/v1/cameras", headers=SAID).status_code == 200


async def test_nobody_further_in_sees_the_headers_and_nothing_is_left_of_them() -> None:
    seen: list[dict[str, object]] = []

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        seen.append(scope)

    rules = SignInRules("x-forwarded-user", SECRET, {"anna": Viewer("user:anna", Role.VIEWER, None, "signed-in")})
    for address in (PROXY, CLIENT):
        raw = [(name.lower().encode(), value.encode()) for name, value in [*SAID, ("Accept", "text/html")]]
        scope = {"type": "http", "headers": raw, "client": (address, 1)}
        await SignIn(app, TrustedProxies([PROXY]), rules, Counter())(scope, None, None)  # type: ignore[arg-type]
    believed, not_believed = seen
    assert SIGNED_IN in believed
    assert SIGNED_IN not in not_believed
    for scope in seen:
        assert [name for name, _ in scope["headers"]] == [b"x-forwarded-for", b"accept"]  # type: ignore[attr-defined]
    auth = Auth(signs_in=True)
    assert auth.require(HTTPConnection({**believed, "type": "http"})).name == "user:anna"
