"""Texts that others wrote are told without secrets, in time that grows with their length only."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.secret_uris import comes_out, uris

from askcam.stream.secrets import KNOWN, MAX_URIS, Secrets
from askcam.stream.sources.redact import HINT, redact


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("open 'rtsp://a:b@h/1' or http://c:d@h/2?key=5 .", "open 'rtsp://***@h/1' or http://***@h/2?key=*** ."),
        ("open rtsp://joe:my pass@h/x failed", "open rtsp://***@h/x failed"),
        ("open \"rtsp://joe:pa'ss@h/x\"", "open \"rtsp://***@h/x\""),
        ("Location: http://h/live?token=abc", "Location: http://h/live?token=***"),
        ("psw=abc and access_token=abc, passphrase=abc", "psw=*** and access_token=***, passphrase=***"),
        ("loginpas=abc&next_url=x", "loginpas=***&next_url=x"),
        ("Authorization: Digest username=\"joe\", response=\"1\"\nDate: x", "Authorization: ***\nDate: x"),
        ("sent Bearer abcdefghijklmnop1", "sent Bearer ***"),
        (f"give them as {HINT} (write @ as %40)", f"give them as {HINT} (write @ as %40)"),
        ("Basic authentication is needed; the token is wrong", "Basic authentication is needed; the token is wrong"),
        ("webcam:0 is no rtsp:// URI", "webcam:0 is no rtsp:// URI"),
        ("clips/a@b.mp4?loop=1", "clips/a@b.mp4?loop=1"),
    ],
)  # fmt: skip
def test_what_is_secret_goes_and_the_rest_stays(text: str, told: str) -> None:
    assert redact(text) == told


@settings(max_examples=300)
@given(uris(), st.sampled_from(["cannot open '{}'", "{}: refused", '"{}" and {}', "<{}>", "x={}\n"]))
def test_a_uri_of_a_camera_that_is_known_is_hidden_wherever_it_is_quoted(drawn: tuple[str, str], around: str) -> None:
    uri, secret = drawn
    KNOWN.learn_uri(uri)
    assert not comes_out(secret, redact(around.replace("{}", uri)))


@given(st.text(st.characters(codec="utf-8"), max_size=60) | uris().map(lambda drawn: f"at {drawn[0]} it failed"))
def test_redacting_twice_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


HERE = Path(__file__).parent
HOSTILE = (
    "rtsp://" + "a" * 10**6,
    "rtsp://" + "a@" * 500_000,
    "rtsp://u:" + "/?#@:" * 200_000 + "h",
    "a" * 10**6 + "://b",
    "a.b-" * 250_000 + "://",
    "rtsp://x " * 110_000,
    "rtsp://u:p " * 90_000,
    "rtsp://u:p'" * 90_000,
    "?" + "password" * 125_000,
    "pass" * 250_000 + "=x",
    "token=" * 160_000,
    "token =" * 140_000,
    "token" + " " * 10**6 + "=x",
    "authorization" + " " * 10**6 + ":",
    "authorization:" * 70_000,
    "bearer " * 140_000,
    "bearer" + " " * 10**6 + "x",
    "bearer " + "a" * 10**6,
    "http://h/?" + "a=b&" * 250_000,
    "http://h" + "/a" * 500_000,
    "http://h/" + ";" * 10**6,
    "[" * 10**6 + "rtsp://[" + ":" * 10**6,
    "rtsp://user:password@host/" * 38_000,
    "http://[" + "1:" * 500_000 + "]/",
    "%" * 10**6,
    "rtsp://" * 140_000,
    "http://h/?loginpas=" + "x\n" * 400_000,
)
RUN = """
import sys
from test_redact import HOSTILE
from askcam.stream.secrets import KNOWN
from askcam.stream.sources.label import label, path_label, secrets_of
from askcam.stream.sources.redact import redact
KNOWN.learn_uri("rtsp://joe:aaaa@h/x?key=====&other=xxxx")
for text in HOSTILE:
    for make in (redact, label, path_label, secrets_of):
        make(text[:300_000])
print("done")
"""


def test_no_text_however_made_takes_more_than_a_time_in_proportion_to_its_length() -> None:
    """Texts of 300 kB each, in four ways: seconds. Anything quadratic in one of them would take many hours."""
    run = subprocess.run(
        [sys.executable, "-c", RUN],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=240,
        cwd=HERE,
    )
    assert run.stdout == "done\n", run.stderr[-2000:]


def test_secrets_of_many_uris_are_bounded_and_those_of_settings_stay() -> None:
    known = Secrets()
    known.learn("tokens", ["correct-horse"])
    for number in range(MAX_URIS + 1):
        known.learn_uri(f"rtsp://joe:hunter-{number:04}x@h/x")
    assert known.hide("hunter-0000x") == "hunter-0000x"
    assert known.hide(f"hunter-0001x hunter-{MAX_URIS:04}x correct-horse") == "*** *** ***"
    known.learn("tokens", ["another-one"])
    assert known.hide("correct-horse another-one") == "correct-horse ***"


def test_a_password_that_is_a_common_word_leaves_other_words_whole() -> None:
    known = Secrets()
    known.learn_uri("rtsp://joe:live@h/x")
    assert known.hide("delivered, alive: live") == "delivered, alive: ***"


def test_a_public_name_is_told_though_it_stands_in_an_address() -> None:
    known = Secrets()
    known.learn_uri("rtsp://h/garage/t0ken-abc")
    assert known.hide("camera garage") == "camera ***"
    known.publish("garage")
    assert known.hide("camera garage at t0ken-abc") == "camera garage at ***"


def test_words_of_our_own_messages_stay_though_somebody_takes_them_for_a_password() -> None:
    known = Secrets()
    for uri in ("rtsp://root:token@h/x", "rtsp://a:admin@h/x", "http://h/askcam.toml", "rtsp://joe:1234@h/x"):
        known.learn_uri(uri)
    told = "this needs the admin token; ASKCAM_ADMIN_TOKEN or admin_token under [server] in askcam.toml; 12345 ms old"
    assert known.hide(told) == told
    assert known.hide("joe, 1234: wrong") == "joe, ***: wrong"
    assert "token" not in redact("cannot open rtsp://root:token@h/x")
    known.learn("token", ["askcam-admin-token"])
    assert known.hide("it is askcam-admin-token") == "it is ***"
    assert known.hide("x%3A1234%40h") == "x%3A***%40h"
