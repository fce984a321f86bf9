"""What is said of addresses holds nothing that could be a secret."""

import pytest

from askcam.features.notify.redact import MAX_ERROR_CHARS, of_apprise, of_webhook, without
from askcam.server.attached.allowed import place_of

URLS = (
    "https://hooks.example/services/T0001/hunter2/x?token=t0ken",
    "tgram://12345:AAbbCC_dd/-100200",
    "mailto://me:pass%20word@mail.example?to=you@mail.example",
    "ntfy://my-topic",
)


@pytest.mark.parametrize("url", URLS)
def test_an_error_that_repeats_an_address_is_told_without_it(url: str) -> None:
    behind = url.partition("://")[2]
    said = without(f"cannot send to {url}: host {behind} says no to it, twice:\n {url}", (url,))
    for secret in ("T0001", "hunter2", "t0ken", "12345", "AAbbCC_dd", "-100200", "pass%20word", "my-topic"):
        assert secret not in said
    assert said.startswith("cannot send to ")
    assert "says no to it, twice: " in said
    assert "\n" not in said


def test_an_error_is_short() -> None:
    assert len(without("no " * 1000, ())) == MAX_ERROR_CHARS


def test_addresses_are_shown_without_what_could_be_secret() -> None:
    assert of_webhook(place_of(URLS[0])) == "https://hooks.example/…"
    assert of_webhook(place_of("http://[::1]:8500/x")) == "http://[::1]:8500/…"
    assert [of_apprise(url) for url in URLS[1:]] == ["tgram://…", "mailto://…", "ntfy://…"]
    assert of_apprise("hunter2") == "…"
