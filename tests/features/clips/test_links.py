"""Links that open one clip, for a while, to who has no token."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.clips.links import KEY_BYTES, ClipLinks, microseconds, read_key

AT = "2026-01-15T03:04:12.180000Z"
NOW = 1768446252.18
LINKS = ClipLinks(b"k" * KEY_BYTES, 3600)


def said(links: ClipLinks, event: int = 7, at: str = AT) -> tuple[str, str, str]:
    parts = urlsplit(links.path(event, at))
    assert parts.path == f"/clips/{event}.mp4"
    query = parse_qs(parts.query)
    return query["at"][0], query["until"][0], query["key"][0]


def test_a_link_opens_its_clip_until_it_is_over() -> None:
    link = said(LINKS)
    assert LINKS.opens(7, *link, NOW)
    assert LINKS.opens(7, *link, NOW + 3599)
    assert not LINKS.opens(7, *link, NOW + 3601)
    assert LINKS.path(7, AT) == LINKS.path(7, AT), "the same whenever it is asked"
    assert link[0] == str(microseconds(AT)) == "1768446252180000"


@pytest.mark.parametrize(("event", "later", "ahead"), [(8, 0, 0), (7, 1, 0), (7, 0, 1), (7, 0, -1)])
def test_it_opens_nothing_else(event: int, later: int, ahead: int) -> None:
    at, until, key = said(LINKS)
    assert not LINKS.opens(event, str(int(at) + later), str(int(until) + ahead), key, NOW)


def test_another_servers_link_opens_nothing() -> None:
    assert not LINKS.opens(7, *said(ClipLinks(b"j" * KEY_BYTES, 3600)), NOW)


def test_a_link_of_a_longer_life_than_is_allowed_now_opens_nothing() -> None:
    assert not LINKS.opens(7, *said(ClipLinks(LINKS.key, 7200)), NOW)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_garbage_opens_nothing(at: str, until: str, key: str) -> None:
    link = said(LINKS)
    assert not LINKS.opens(7, at, until, key, NOW)
    assert not LINKS.opens(7, link[0], link[1], key, NOW)
    assert not LINKS.opens(7, link[0], until, link[2], NOW) or until == link[1]
    assert not LINKS.opens(7, at, link[1], link[2], NOW) or at == link[0]


def test_the_key_outlives_the_server_and_is_its_users_alone(tmp_path: Path) -> None:
    key = read_key(tmp_path)
    assert len(key) == KEY_BYTES
    assert read_key(tmp_path) == key
    assert (tmp_path / "links.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "links.key").write_bytes(b"cut off")
    assert read_key(tmp_path) != key
