"""The wire's types of deliveries: to whom events are brought, and what came of it. For admins."""

from typing import Literal

import msgspec


class TargetInfo(msgspec.Struct, frozen=True, omit_defaults=False):
    """How one [notify.NAME] of askcam.toml stands. Counts are of this life of the server, the others of all."""

    name: str
    kind: Literal["webhook", "apprise"]
    address: str  # without anything that could be a secret
    state: Literal["ok", "failing", "disabled"]  # disabled: it said that it wants nothing any more
    pending: int  # events that wait
    dead: int  # letters
    oldest_pending_at: str | None  # RFC 3339, UTC: when it happened
    next_try_at: str | None
    last_success_at: str | None
    last_error: str | None
    last_error_at: str | None
    expired: int  # events that were removed before they could be delivered
    dropped: int  # dead letters that were removed because there were too many
    object: str = "askcam.target"


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=False):
    """An event that a target did not take for so long that it was given up."""

    id: int
    target: str
    event: int  # its id
    at: str  # RFC 3339, UTC: when it happened
    attempts: int
    error: str  # of the last one
    first_try_at: str
    last_try_at: str
    object: str = "askcam.dead_letter"


class DeliveryList(msgspec.Struct, frozen=True):
    """GET /v1/deliveries."""

    data: list[TargetInfo]
    dead: list[DeadLetter]  # newest first
    has_more: bool  # dead letters: ask again with ?before= the last one's id
    object: str = "list"


class Retried(msgspec.Struct, frozen=True):
    """What POST /v1/deliveries/{id}/retry and its bulk form have set going."""

    target: str
    retried: int  # dead letters that are sent again
    object: str = "askcam.retried"


class Tried(msgspec.Struct, frozen=True):
    """What came of POST /v1/notify/{name}/test."""

    target: str
    delivered: bool
    error: str | None
    took_ms: float
    object: str = "askcam.test"
