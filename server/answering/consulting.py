"""Whoever knows something of what cameras show is consulted before each question about one."""

import logging
from collections.abc import Iterable, Iterator
from typing import Protocol

from askcam.client.protocol import Fact

log = logging.getLogger(__name__)


class Teller(Protocol):
    """Knows something of what cameras show."""

    def facts(self, camera: str) -> tuple[Fact, ...]:
        """What is known of this camera's scene now, told to the model with each question. Costs no time."""


def facts_of(tellers: Iterable[Teller], camera: str) -> Iterator[Fact]:
    """What all of them know. One that fails keeps no question from being answered."""
    for teller in tellers:
        try:
            yield from teller.facts(camera)
        except Exception:
            log.exception("a teller of facts failed: %r", teller)
