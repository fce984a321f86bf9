"""What came of one try to bring something to a target."""

from dataclasses import dataclass


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
