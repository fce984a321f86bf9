"""What is shown of a URI is what is known to be harmless."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.secret_uris import comes_out, uris

from askcam.stream.secrets import Secrets
from askcam.stream.sources import address
from askcam.stream.sources.label import harmless, label, path_label


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("rtsp://user:secret@h/x?password=1", "rtsp://***@h/x?password=***"),
        ("rtsp://TOKEN@host:554/x", "rtsp://***@host:554/x"),
        ("RTSP://h/cam/realmonitor?channel=1&subtype=0", "rtsp://h/cam/realmonitor?channel=1&subtype=0"),
        ("rtsp://10.0.0.9/h264Preview_01_main", "rtsp://10.0.0.9/h264Preview_01_main"),
        ("rtsp://10.0.0.9/Streaming/Channels/101", "rtsp://10.0.0.9/Streaming/Channels/101"),
        ("rtsp://h/axis-media/media.amp?resolution=640x480&fps=25", "rtsp://h/axis-media/media.amp?resolution=640x480&fps=25"),
        ("http://h/cam?user=joe&pwd=abc&channel=1", "http://h/cam?user=***&pwd=***&channel=1"),
        ("http://h/videostream.cgi?loginuse=a1&loginpas=b2c3", "http://h/videostream.cgi?loginuse=***&loginpas=***"),
        ("http://h/cgi-bin/snapshot.cgi?u=joe&p=abc", "http://h/cgi-bin/snapshot.cgi?u=***&p=***"),
        ("http://h/live?authToken=abc&jwt=e30.e30.x&sig=abc", "http://h/live?authToken=***&jwt=***&sig=***"),
        ("rtsp://h:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream", "rtsp://h:554/***?***"),
        ("http://h/live/8c1f0a/index.m3u8", "http://h/live/***/index.m3u8"),
        ("http://h/live;jsessionid=A1B2", "http://h/***"),
        ("rtsp://h/live#abc", "rtsp://h/live#***"),
        ("rtsp://u:p@ss@h/x", "rtsp://***@h/x"),
        ("rtsp://u:pa/ss?w#ord@h/x", "rtsp://***@h/x"),
        ("rtsp://u:pa'ss@h/x", "rtsp://***@h/x"),
        ("rtsp://u:my pass@h/x", "rtsp://***@h/x"),
        ("rtsp://u:p[a]ss@[::1]:8554/x", "rtsp://***@[::1]:8554/x"),
        ("rtsp://h:554/a@b", "rtsp://***"),  # a path with "@", or a password with "/"? Nobody can tell
        ("rtsp://u:12/ab@10.0.0.1/x", "rtsp://***@10.0.0.1/x"),
        ("rtsp://[::1]:8554/a@b", "rtsp://[::1]:8554/***"),
        ("webcam:0?width=1280&height=720", "webcam:0?width=1280&height=720"),
        ("synthetic:7", "synthetic:7"),
        ("thermal:/dev/ttyUSB0", "thermal:/dev/ttyUSB0"),
        ("acme:joe:hunter2@h/x", "***@h/x"),
        ("admin:hunter2@192.168.1.5/live", "***@192.168.1.5/live"),
        ("push:", "push:"),
    ],
)  # fmt: skip
def test_a_label_shows_what_is_known_to_be_harmless(uri: str, shown: str) -> None:
    assert label(uri) == shown
    assert label(shown) == shown


@settings(max_examples=500)
@given(uris())
def test_no_secret_is_in_a_label_wherever_it_stands(drawn: tuple[str, str]) -> None:
    uri, secret = drawn
    assert not comes_out(secret, label(uri)), label(uri)
    assert label(label(uri)) == label(uri)


@settings(max_examples=300)
@given(uris(), st.sampled_from(["'{}'", "{}", "error at <{}>: refused", "x\n{}\ny", "{}{}"]))
def test_what_a_label_hides_is_hidden_in_any_text(drawn: tuple[str, str], around: str) -> None:
    uri, secret = drawn
    known = Secrets()
    known.learn_uri(uri)
    parts = address.split(uri)
    said = [secret, uri, repr(uri), ascii(uri)]
    said += [] if parts is None else [parts.url, str(parts.password), parts.tail]
    for text in said:
        assert secret not in known.hide(around.replace("{}", text))


@given(uris())
def test_what_is_connected_to_is_what_was_meant(drawn: tuple[str, str]) -> None:
    uri, _ = drawn
    parts = address.split(uri)
    if parts is None:
        return
    again = address.split(parts.url)
    assert again is not None
    assert (again.host.lower(), again.port, again.user, again.password) == (
        parts.net_host.lower(),
        parts.port,
        parts.user,
        parts.password,
    )


@pytest.mark.parametrize(
    "word", ["a1b2c3d4", "hunter2", "s3cr3t", "live1234", "12345", "ch1ch2ch3ch4ch5", "x" * 65, "1-2-3-4-5"]
)
def test_a_code_is_not_taken_for_a_name(word: str) -> None:
    assert not harmless(word)


def test_a_path_of_a_file_is_shown_and_an_address_without_its_scheme_is_not() -> None:
    assert path_label("clips/garage door.mp4") == "clips/garage door.mp4"
    assert path_label("192.168.1.5:554/hunter2") == "192.168.1.5:554/***" or "hunter2" not in path_label(
        "192.168.1.5:554/hunter2"
    )
    assert "hunter2" not in path_label("joe:hunter2@h/x")
    assert "hunter2" not in path_label("h/user=a_password=hunter2")


@pytest.mark.parametrize(
    ("uri", "user", "password", "host"),
    [
        ("rtsp://joe:pa/ss@h/x", "joe", "pa/ss", "h"),
        ("rtsp://joe:pa#ss@h:554/x", "joe", "pa#ss", "h"),
        ("rtsp://joe:pa?ss@10.0.0.1/x", "joe", "pa?ss", "10.0.0.1"),
        ("rtsp://joe:[pass@h/x", "joe", "[pass", "h"),
        ("rtsp://joe:p@ss@h/x", "joe", "p@ss", "h"),
        ("rtsp://joe:my pass@h/x", "joe", "my pass", "h"),
        ("rtsp://joe:50%@h/x", "joe", "50%", "h"),
        ("rtsp://joe:s%40cret@h/x", "joe", "s@cret", "h"),
        ("rtsp://joe:12/34@cam.lan/x", "joe", "12/34", "cam.lan"),
        ("rtsp://joe:a:b@h/x", "joe", "a:b", "h"),
        ("rtsp://joe@h/x", "joe", None, "h"),
        ("rtsp://h/x@y", None, None, "h"),
    ],
)  # fmt: skip
def test_a_password_pasted_with_raw_signs_is_read_as_meant(
    uri: str, user: str | None, password: str | None, host: str
) -> None:
    parts = address.split(uri)
    assert parts is not None
    assert (parts.user, parts.password, parts.host) == (user, password, host)
