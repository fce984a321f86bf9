"""Signatures, as the standardwebhooks library and the specification's own example see them."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from askcam.features.notify.signing import read_secrets, sign

OLD, NEW = ("whsec_" + base64.b64encode(bytes([each]) * 32).decode() for each in b"on")


@given(body=st.text(max_size=200), name=st.from_regex(r"[a-z_0-9-]{1,40}", fullmatch=True))
def test_the_library_of_the_standard_accepts_what_is_signed(body: str, name: str) -> None:
    headers = dict(sign(read_secrets(NEW), name, int(time.time()), body.encode()))
    Webhook(NEW).verify(body.encode(), headers, json_parse=False)
    for harm in (body + " ", body[:-1] + "x", "x" + body[1:]):
        if harm != body:
            with pytest.raises(WebhookVerificationError):
                Webhook(NEW).verify(harm.encode(), headers, json_parse=False)
    for header, value in (("webhook-id", name + "0"), ("webhook-timestamp", str(int(time.time()) - 60))):
        with pytest.raises(WebhookVerificationError):
            Webhook(NEW).verify(body.encode(), headers | {header: value}, json_parse=False)


def test_the_signature_is_that_of_a_published_example() -> None:
    """From the tests of the standard's own libraries."""
    keys = read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = dict(sign(keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_changed_both_verify() -> None:
    headers = dict(sign(read_secrets(f"{NEW} {OLD}"), "a_1", int(time.time()), b"{}"))
    assert Webhook(NEW).verify(b"{}", headers) == {}
    assert Webhook(OLD).verify(b"{}", headers) == {}


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        (None, "secret is missing"),
        ("  ", "secret is missing"),
        (NEW.removeprefix("whsec_"), "secret is not whsec_"),
        ("whsec_n:base64", "secret is not whsec_"),
        ("whsec_?" + NEW, "secret is not whsec_"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "24 to 64 bytes"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "24 to 64 bytes"),
        (f"{NEW} {OLD} {NEW}", "more than two"),
    ],
)
def test_what_is_no_secret_is_refused_and_not_repeated(secret: str | None, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        read_secrets(secret)
    for part in (secret or "").replace("whsec_", "").split():
        assert part not in str(caught.value)
