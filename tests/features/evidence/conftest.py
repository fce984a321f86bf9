"""Parts of the tests of evidence."""

from collections.abc import Iterator

import pytest
from support.evidence_cases import OPEN


@pytest.fixture(autouse=True)
def closed_afterwards() -> Iterator[None]:
    """Stores that a test leaves open are closed."""
    yield
    while OPEN:
        OPEN.pop().close()
