"""Which addresses may be fetched, and which machines may stand behind a name."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.server.attached.allowed import FetchConfig, is_public, place_of


def allowed(entry: str, url: str) -> bool:
    return FetchConfig(allow=(entry,)).rules().allow(place_of(url))


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("https://shop.example/", "https://shop.example/a/b.jpg?w=1"),
        ("https://shop.example", "https://SHOP.example:443/"),
        ("shop.example", "https://shop.example/a.jpg"),
        ("*.cdn.example", "https://a.b.cdn.example/x"),
        ("https://*.cdn.example/img/", "https://eu.cdn.example/img/x.jpg"),
        ("http://shop.example:8080/", "http://shop.example:8080/x"),
        ("https://shop.example/pictures", "https://shop.example/pictures/x.jpg"),
        ("https://shop.example/pictures", "https://shop.example/pictures"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000/x"),
        ("http://[::1]:9000/", "http://[0:0::1]:9000/x"),
    ],
)
def test_what_an_entry_covers_is_allowed(entry: str, url: str) -> None:
    assert allowed(entry, url)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("https://shop.example/", "http://shop.example/a.jpg"),
        ("https://shop.example/", "https://shop.example:8443/a.jpg"),
        ("shop.example", "http://shop.example/a.jpg"),
        ("https://shop.example/", "https://shop.example.evil.example/a.jpg"),
        ("https://shop.example/", "https://evilshop.example/a.jpg"),
        ("https://shop.example/", "https://www.shop.example/a.jpg"),
        ("*.cdn.example", "https://cdn.example/x"),
        ("*.cdn.example", "https://evilcdn.example/x"),
        ("https://shop.example/pictures", "https://shop.example/pictures-of-others/x.jpg"),
        ("https://shop.example/pictures/", "https://shop.example/pictures/../admin"),
        ("https://shop.example/pictures/", "https://shop.example/pictures/%2e%2E/admin"),
        ("https://shop.example/pictures/", "https://shop.example/pictures/..%2fadmin"),
        ("https://shop.example/pictures/", "https://shop.example/pictures/%252e%252e/admin"),
        ("https://shop.example/pictures/", "https://shop.example/pictures/..%5cadmin"),
    ],
)
def test_what_no_entry_covers_is_not(entry: str, url: str) -> None:
    assert not allowed(entry, url)


def test_by_default_nothing_is_allowed() -> None:
    assert not FetchConfig().rules().allow(place_of("https://shop.example/"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://user:secret@shop.example/a.jpg", "credentials"),
        ("https://shop.example\\@evil.example/", "characters"),
        ("https://shop.example/a b", "characters"),
        ("https://shop.example/\r\nHost: evil", "characters"),
        ("https://bücher.example/", "xn--"),
        ("ftp://shop.example/", "neither http nor https"),
        ("https:///a.jpg", "no host"),
        ("https://[fe80::1%25eth0]/", "no host"),
        ("https://shop.example:99999/", "ort"),
        ("https://shop.example:0/", "port 0"),
        ("https://" + "a" * 3000, "longer"),
        ("https://-x.example/", "no host"),
    ],
)
def test_what_is_no_plain_address_is_refused_with_the_reason(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        place_of(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "192.88.99.1",
        "3fff::1",
        "5f00::1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "100::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
    ],
)
def test_what_is_not_the_internet_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_the_same_in_every_wrapping(inner: ipaddress.IPv4Address) -> None:
    for prefix, shift in (("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80)):
        wrapped = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(inner) << shift)
        assert is_public(wrapped) == is_public(inner)


def test_only_the_very_host_that_is_named_may_be_private() -> None:
    rules = FetchConfig(allow=("http://one.example/", "http://two.example/"), private=("ONE.example",)).rules()
    assert rules.may_reach("one.example", "10.0.0.1")
    assert not rules.may_reach("two.example", "10.0.0.1")
    assert rules.may_reach("two.example", "8.8.8.8")
    assert not rules.may_reach("one.example", "224.0.0.1")
    assert not rules.may_reach("one.example", "0.0.0.0")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (FetchConfig(allow=("gopher://x/",)), "'gopher://x/'"),
        (FetchConfig(allow=("*",)), r"'\*'"),
        (FetchConfig(allow=("*.com",)), "all the world"),
        (FetchConfig(allow=("https://me:pw@x.example/",)), "credentials"),
        (FetchConfig(allow=("https://x.example/?a=1",)), r"no '\?'"),
        (FetchConfig(allow=("",)), "''"),
        (FetchConfig(private=("x.example",)), "no entry of allow covers"),
        (FetchConfig(private=("http://x.example",)), "a host alone"),
    ],
)
def test_a_list_that_means_nothing_is_refused_naming_the_entry(config: FetchConfig, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        config.rules()
