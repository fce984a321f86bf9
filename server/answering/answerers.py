"""Who answers under a name that is no camera's: what features add to the models that can be asked."""

from collections.abc import AsyncGenerator
from typing import Protocol

from askcam.server.steps import Ask, Step


class Answerer(Protocol):
    """Owned by the event loop."""

    what: str  # it is, for people: /v1/models

    def ask(self, ask: Ask) -> AsyncGenerator[Step, None]:
        """As Asking.ask()."""
