"""Whose request a reverse proxy brings: believed of those that are named, and read from the right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.server.access.proxies import Forwarded, TrustedProxies

PROXIES = TrustedProxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "6.6.6.6, 192.0.2.1", "192.0.2.1"),  # what the client wrote itself stands on the left
        ("127.0.0.1", "6.6.6.6, 192.0.2.1, 10.1.2.3", "192.0.2.1"),
        ("192.0.2.9", "6.6.6.6", "192.0.2.9"),  # nobody trusts this one
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1, _hidden, 10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        ("fd00::1", '"[2001:db8::7]:443"', "2001:db8::7"),
        ("::ffff:127.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "10.0.0.1, 10.0.0.2", "10.0.0.1"),
        ("127.0.0.1", "192.0.2.1," * 100 + "192.0.2.2", "192.0.2.2"),
    ],
)
def test_the_rightmost_hop_that_is_no_proxy_is_the_client(peer: str, forwarded: str, client: str) -> None:
    assert PROXIES.client(peer, forwarded) == client


@given(st.text(max_size=200), st.sampled_from(["127.0.0.1", "10.9.9.9"]))
def test_whatever_a_client_writes_before_it_the_hop_of_the_last_proxy_counts(written: str, peer: str) -> None:
    assert PROXIES.client(peer, f"{written}, 192.0.2.77") == "192.0.2.77"


@given(st.text(max_size=200))
def test_without_a_word_in_the_config_nobody_is_believed(written: str) -> None:
    assert TrustedProxies().client("127.0.0.1", written) == "127.0.0.1"


async def _through(
    proxies: TrustedProxies, peer: str, headers: list[tuple[bytes, bytes]], kind: str = "http"
) -> tuple[str, str]:
    seen: dict[str, object] = {}

    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        seen.update(scope)

    scope = {
        "type": kind,
        "client": (peer, 5000),
        "scheme": "ws" if kind == "websocket" else "http",
        "headers": headers,
    }
    await Forwarded(app, proxies)(scope, None, None)  # type: ignore[arg-type]
    return seen["client"][0], str(seen["scheme"])  # type: ignore[index]


async def test_several_headers_are_one_list_and_the_scheme_comes_along() -> None:
    headers = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"192.0.2.1"), (b"x-forwarded-proto", b"https")]
    assert await _through(PROXIES, "127.0.0.1", headers) == ("192.0.2.1", "https")
    assert await _through(PROXIES, "127.0.0.1", headers, "websocket") == ("192.0.2.1", "wss")
    assert await _through(PROXIES, "192.0.2.50", headers) == ("192.0.2.50", "http")
    assert await _through(TrustedProxies(), "127.0.0.1", headers) == ("127.0.0.1", "http")


@pytest.mark.parametrize("named", ["nonsense", "10.0.0.0/99", "proxy.example", ""])
def test_what_is_no_network_is_refused(named: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TrustedProxies([named])
