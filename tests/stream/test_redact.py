import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.stream.sources.redact import redact


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("rtsp://user:secret@h/x?password=1", "rtsp://***@h/x?password=***"),
        ("rtsp://user@host:554/x", "rtsp://***@host:554/x"),
        ("http://h/cam?user=joe&pwd=abc&channel=1", "http://h/cam?user=***&pwd=***&channel=1"),
        ("http://h/cam?TOKEN=abc", "http://h/cam?TOKEN=***"),
        ("rtsp://u:p@ss@h/x", "rtsp://***@h/x"),
        ("rtsp://u:pa/ss?w#ord@h/x", "rtsp://***@h/x"),
        ("rtsp://h:554/a@b", "rtsp://h:554/a@b"),
        ("rtsp://[::1]:8554/a@b", "rtsp://[::1]:8554/a@b"),
        ("webcam:0", "webcam:0"),
        ("clips/a@b.mp4?loop=1", "clips/a@b.mp4?loop=1"),
    ],
)
def test_credentials_go_and_the_rest_stays(uri: str, shown: str) -> None:
    assert redact(uri) == shown


def test_a_message_that_quotes_uris_is_redacted_throughout() -> None:
    assert redact("cannot open 'rtsp://a:b@h/1' nor http://c:d@h/2?key=5 .") == (
        "cannot open 'rtsp://***@h/1' nor http://***@h/2?key=*** ."
    )


@given(
    user=st.from_regex(r"\A[a-z]{1,8}\Z"),
    password=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="'\""), min_size=3),
    path=st.from_regex(r"\A[a-z0-9/]{0,12}\Z"),
)
def test_no_password_survives(user: str, password: str, path: str) -> None:
    secret = f"Q{password}Q"  # capitals occur nowhere else
    assert secret not in redact(f"rtsp://{user}:{secret}@camera.example/{path}")


@given(st.text())
def test_redacting_twice_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)
