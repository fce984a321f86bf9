"""Where letters go, and what came of one try to bring one there."""

from dataclasses import dataclass
from typing import Protocol

from askcam.features.notify.letter import Letter


@dataclass(frozen=True, slots=True)
class DeliveryTaken:
    """The target has it."""


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """It does not, as far as is known; `error` may be shown to admins, and holds no secrets."""

    error: str
    retry_after_s: float | None = None  # what the target asks for
    gone: bool = False  # it wants nothing any more (410)
    reached: frozenset[str] = frozenset()  # of a target with several addresses: those that have it


Outcome = DeliveryTaken | DeliveryFailed


class Sender(Protocol):
    """Where the letters go; webhook.Webhook is one."""

    address: str  # may be shown

    async def send(self, letter: Letter) -> Outcome: ...

    def close(self) -> None: ...
