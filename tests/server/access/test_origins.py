"""Addresses, Host and Origin headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.server.access.origins import client_key, host_of, is_loopback, normal_origin, origin_of, same_place


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "localhost", "LocalHost", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "", "::", "192.168.1.5", "localhost.example", "127.0.0.1.example", "example", "fe80::1%eth0"]
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8400", "127.0.0.1:8400"),
        ("http://house.example", "house.example"),
        ("http://house.example", "house.example:80"),
        ("https://house.example", "house.example:443"),
        ("https://House.Example", "house.example"),
        ("http://[::1]:8400", "[::1]:8400"),
    ],
)
def test_a_page_of_this_server(origin: str, host: str) -> None:
    assert same_place(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:3000", "127.0.0.1:8400"),
        ("http://evil.example", "127.0.0.1:8400"),
        ("http://127.0.0.1:8400.evil.example", "127.0.0.1:8400"),
        ("http://127.0.0.1:8400@evil.example", "127.0.0.1:8400"),
        ("http://evil.example@127.0.0.1:8400", "127.0.0.1:8400"),
        ("https://house.example", "house.example:80"),
        ("null", "127.0.0.1:8400"),
        ("", ""),
        ("http://", ""),
        ("http://house.example:port", "house.example"),
        ("file://", "127.0.0.1:8400"),
    ],
)
def test_a_page_from_elsewhere(origin: str, host: str) -> None:
    assert not same_place(origin, host)


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_makes_the_rules_fail(origin: str, host: str) -> None:
    same_place(origin, host)
    origin_of(origin)
    host_of(host)
    client_key(host)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://House.Example/", "https://house.example"),
        ("http://house.example:80", "http://house.example"),
        ("http://house.example:8123", "http://house.example:8123"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("house.example", None),
        ("*", None),
        ("https://house.example/path", None),
        ("ftp://house.example", None),
        ("https://me:secret@house.example", None),
    ],
)
def test_origins_are_written_in_one_way(text: str, expected: str | None) -> None:
    assert normal_origin(text) == expected


def test_the_origin_of_a_page_is_that_of_its_url() -> None:
    assert origin_of("https://House.Example/a/page?x=1#y") == "https://house.example"
    assert origin_of("about:blank") is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [("127.0.0.1:8400", "127.0.0.1"), ("[::1]:8400", "::1"), ("LOCALHOST", "localhost"), ("", None), ("a:b:c", None)],
)
def test_the_name_in_a_host_header(header: str, expected: str | None) -> None:
    assert host_of(header) == expected


def test_one_subscribers_ipv6_addresses_count_as_one_client() -> None:
    assert client_key("2001:db8:1:2::5") == client_key("2001:db8:1:2:ffff::9") != client_key("2001:db8:1:3::5")


def test_a_mapped_ipv4_address_counts_as_itself() -> None:
    assert client_key("::ffff:192.0.2.7") == client_key("192.0.2.7") != client_key("192.0.2.8")


def test_clients_without_an_address_count_as_one() -> None:
    assert client_key(None) == client_key("")
