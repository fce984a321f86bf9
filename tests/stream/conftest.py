"""What each test of this folder begins with."""

from collections.abc import Iterator

import pytest

from askcam.stream.secrets import KNOWN, Secrets


@pytest.fixture(autouse=True)
def nothing_is_known_to_be_secret() -> Iterator[None]:
    """What one test's addresses have as secrets are other tests' words: "empty", "wrong"."""
    Secrets.__init__(KNOWN)
    yield
    Secrets.__init__(KNOWN)
