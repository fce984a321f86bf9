"""Who may do what, decided on headers, cookies and addresses alone."""

import pytest
from starlette.requests import HTTPConnection

from askcam.server.access.auth import COOKIE, Auth, Tokens, bearer, check_bind, notices
from askcam.server.access.viewer import THE_ADMIN, THE_VIEWER, Role
from askcam.server.config_errors import ConfigError
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire

VIEWER, ADMIN = "viewer-token", "admin-token"
HERE = "127.0.0.1:8400"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def closed(clock: Clock | None = None, **more: list[str]) -> Auth:
    return Auth(Tokens(VIEWER, ADMIN), clock=clock or Clock(), **more)  # type: ignore[arg-type]


def conn(
    method: str = "GET", kind: str = "http", client: str | None = "127.0.0.1", **headers: str | None
) -> HTTPConnection:
    """A request to HERE; header names with _ for -."""
    given = {"host": HERE} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items() if value is not None]
    scope = {"type": kind, "method": method, "path": "/v1/cameras", "headers": raw, "scheme": "http"}
    return HTTPConnection(scope | {"client": None if client is None else (client, 5000), "server": ("127.0.0.1", 8400)})


def with_token(token: str, client: str = "192.0.2.1") -> HTTPConnection:
    return conn(client=client, authorization=f"Bearer {token}")


def refusal(auth: Auth, request: HTTPConnection, need: Role = Role.VIEWER) -> Refusal:
    with pytest.raises(Refusal) as caught:
        auth.require(request, need)
    return caught.value


def test_tokens_are_good_for_their_roles() -> None:
    auth = closed()
    assert auth.require(with_token(VIEWER)) is THE_VIEWER
    assert auth.require(with_token(ADMIN), Role.ADMIN) is THE_ADMIN
    assert auth.require(with_token(ADMIN), Role.VIEWER) is THE_ADMIN


def test_a_viewer_may_not_do_what_wants_an_admin_and_learns_how_one_is_made() -> None:
    error = refusal(closed(), with_token(VIEWER), Role.ADMIN)
    assert (on_wire(error).status, on_wire(error).type) == (403, "permission_error")
    assert "ASKCAM_ADMIN_TOKEN" in error.message


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong-token", "Bearer ", "Basic dmlld2VyLXRva2Vu", VIEWER, "Bearer ÿ"]
)
def test_anything_else_is_refused_in_the_words_of_the_sdks(header: str | None) -> None:
    error = refusal(closed(), conn(authorization=header))
    assert (on_wire(error).status, on_wire(error).type, error.code) == (401, "authentication_error", "invalid_api_key")
    assert on_wire(error).headers["WWW-Authenticate"] == "Bearer"
    assert VIEWER not in error.message


def test_a_token_that_is_not_set_matches_nothing() -> None:
    auth = Auth(Tokens(viewer=VIEWER))
    for guess in ("", "None", " "):
        assert auth.viewer({"authorization": f"Bearer {guess}"}, {}) is None


def test_without_any_token_everybody_is_admin_whatever_key_an_sdk_sends() -> None:
    auth = Auth()
    assert not auth.token_required
    for request in (conn(), with_token("sk-anything"), conn(authorization="Basic x")):
        assert auth.require(request, Role.ADMIN) is THE_ADMIN


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("bearer  abc ", "abc"),
        ("BEARER abc", "abc"),
        ("Basic abc", ""),
        ("abc", ""),
    ],
)
def test_the_token_of_a_header(value: str | None, token: str | None) -> None:
    assert bearer({} if value is None else {"authorization": value}) == token


def cookie(pass_id: str) -> str:
    return f"{COOKIE}={pass_id}"


def test_a_pass_stands_for_the_role_it_was_made_with_until_logged_out() -> None:
    auth = closed()
    pass_id, role = auth.log_in(conn(), VIEWER)
    assert role is THE_VIEWER
    assert VIEWER not in pass_id
    request = conn(cookie=cookie(pass_id))
    assert auth.require(request) is THE_VIEWER
    auth.log_out(request)
    assert on_wire(refusal(auth, request)).status == 401


def test_a_pass_ends_after_thirty_days() -> None:
    clock = Clock()
    auth = closed(clock)
    request = conn(cookie=cookie(auth.log_in(conn(), ADMIN)[0]))
    clock.now += 30 * 24 * 3600 - 1
    assert auth.require(request) is THE_ADMIN
    clock.now += 1
    assert on_wire(refusal(auth, request)).status == 401


def test_logging_in_again_ends_the_earlier_pass() -> None:
    auth = closed()
    first = conn(cookie=cookie(auth.log_in(conn(), VIEWER)[0]))
    auth.log_in(first, ADMIN)
    assert on_wire(refusal(auth, first)).status == 401


def test_a_wrong_token_is_refused_even_beside_a_good_cookie() -> None:
    auth = closed()
    pass_id, _ = auth.log_in(conn(), VIEWER)
    assert on_wire(refusal(auth, conn(cookie=cookie(pass_id), authorization="Bearer wrong-token"))).status == 401


def test_one_may_log_in_by_header_and_not_with_a_wrong_token() -> None:
    auth = closed()
    assert auth.log_in(with_token(ADMIN), None)[1] is THE_ADMIN
    with pytest.raises(Refusal) as caught:
        auth.log_in(with_token(ADMIN), "wrong-token")
    assert on_wire(caught.value).status == 401


def test_forty_wrong_tokens_slow_only_the_wrong() -> None:
    clock = Clock()
    auth = closed(clock)
    refused = [refusal(auth, with_token(f"wrong-token-{i}")) for i in range(40)]
    assert [on_wire(error).status for error in refused] == [401] * 10 + [429] * 30
    assert auth.require(with_token(VIEWER)) is THE_VIEWER
    assert auth.log_in(conn(), ADMIN)[1] is THE_ADMIN
    last = refusal(auth, with_token("wrong-token"))
    assert (on_wire(last).status, last.code) == (429, "rate_limit_exceeded")
    clock.now += float(on_wire(last).headers["Retry-After"])
    assert on_wire(refusal(auth, with_token("wrong-token"))).status == 401


def test_others_and_cookies_are_not_touched_by_one_clients_wrong_tokens() -> None:
    auth = closed()
    pass_id, _ = auth.log_in(conn(client="192.0.2.1"), VIEWER)
    for _ in range(20):
        refusal(auth, with_token("wrong-token", client="192.0.2.1"))
    assert auth.require(with_token(VIEWER, client="192.0.2.2")) is THE_VIEWER
    assert auth.require(conn(client="192.0.2.1", cookie=cookie(pass_id))) is THE_VIEWER


def test_right_tokens_and_missing_ones_are_never_counted_as_wrong() -> None:
    auth = closed()
    for _ in range(50):
        assert on_wire(refusal(auth, conn(client="192.0.2.1"))).status == 401
        assert auth.require(with_token(VIEWER, client="192.0.2.1")) is THE_VIEWER


def source_refusal(auth: Auth, request: HTTPConnection) -> str | None:
    try:
        auth.check_source(request)
    except Refusal as error:
        return (
            error.message if (on_wire(error).status, on_wire(error).type) == (403, "permission_error") else repr(error)
        )
    return None


@pytest.mark.parametrize("auth", [Auth(), closed()], ids=["open", "closed"])
@pytest.mark.parametrize(("kind", "method"), [("websocket", ""), ("http", "POST"), ("http", "DELETE")])
def test_what_changes_something_is_taken_from_own_pages_and_programs_only(auth: Auth, kind: str, method: str) -> None:
    assert source_refusal(auth, conn(method, kind)) is None
    assert source_refusal(auth, conn(method, kind, origin=f"http://{HERE}")) is None
    for origin in ("http://evil.example", "http://127.0.0.1:3000", "null", "https://127.0.0.1"):
        said = source_refusal(auth, conn(method, kind, origin=origin))
        assert said is not None
        assert origin in said
        assert "allowed_origins" in said


def test_a_page_named_in_allowed_origins_may() -> None:
    auth = closed(allowed_origins=["https://House.example/"])
    assert source_refusal(auth, conn("POST", origin="https://house.example")) is None
    assert source_refusal(auth, conn("POST", origin="http://house.example")) is not None


@pytest.mark.parametrize("host", ["127.0.0.1:8400", "localhost:8400", "[::1]:8400", "localhost"])
def test_an_open_server_answers_to_loopback_names(host: str) -> None:
    assert source_refusal(Auth(), conn(host=host)) is None


@pytest.mark.parametrize("host", ["rebound.example:8400", "192.168.1.2:8400", "", None, "127.0.0.1.evil.example"])
def test_an_open_server_answers_to_no_other_name(host: str | None) -> None:
    said = source_refusal(Auth(), conn(host=host))
    assert said is not None
    assert "ASKCAM_TOKEN" in said
    assert source_refusal(closed(), conn(host=host)) is None


def test_an_open_server_behind_a_proxy_answers_to_the_name_it_was_told() -> None:
    auth = Auth(allowed_origins=["https://house.example"])
    assert source_refusal(auth, conn(host="house.example")) is None
    assert source_refusal(auth, conn(host="other.example")) is not None


@pytest.mark.parametrize("client", ["192.168.1.2", "2001:db8::1"])
def test_an_open_server_answers_only_this_machine(client: str) -> None:
    assert client in (source_refusal(Auth(), conn(client=client)) or "")
    assert source_refusal(closed(), conn(client=client)) is None


@pytest.mark.parametrize("client", ["127.0.0.1", "::1", "::ffff:127.0.0.1", None])
def test_this_machine_has_several_addresses(client: str | None) -> None:
    assert source_refusal(Auth(), conn(client=client)) is None


def test_a_foreign_page_may_link_to_an_open_server_but_not_show_its_pictures() -> None:
    auth = Auth(allowed_origins=["https://house.example"])
    foreign = {"sec_fetch_site": "cross-site", "referer": "https://evil.example/page"}
    assert "https://evil.example" in (source_refusal(auth, conn(sec_fetch_dest="image", **foreign)) or "")
    assert source_refusal(auth, conn(sec_fetch_dest="document", **foreign)) is None
    own = {"sec_fetch_site": "cross-site", "referer": "https://house.example/page"}
    assert source_refusal(auth, conn(sec_fetch_dest="image", **own)) is None
    assert source_refusal(auth, conn(sec_fetch_site="same-origin", sec_fetch_dest="image")) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.2", "house.example"])
def test_without_a_token_only_loopback_may_be_listened_on(host: str) -> None:
    with pytest.raises(ConfigError, match="ASKCAM_TOKEN"):
        check_bind(host, has_token=False)
    check_bind(host, has_token=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_may_always_be_listened_on(host: str) -> None:
    check_bind(host, has_token=False)


def test_what_must_be_told_at_the_start() -> None:
    [said] = notices("127.0.0.1", has_token=False, tls=False)
    assert "no token is set" in said
    [said] = notices("0.0.0.0", has_token=True, tls=False)
    assert "without TLS" in said
    assert notices("0.0.0.0", has_token=True, tls=True) == []
    assert notices("127.0.0.1", has_token=True, tls=False) == []
