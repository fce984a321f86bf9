"""How a target stands, in the wire's words."""

from askcam.client.deliveries import TargetInfo
from askcam.features.notify.target import Target
from askcam.server.wire.moments import rfc3339


def standing(target: Target, now: float, wall: float) -> TargetInfo:
    """`now`: steady seconds; `wall`: the same moment in seconds since the epoch."""
    line = target.line
    at = line.wake_at(now) if target.pending else None
    failing = line.failures > 0 or bool(line.waiting)
    return TargetInfo(
        name=target.name,
        kind="webhook" if target.setting.webhook is not None else "apprise",
        address=target.sender.address,
        state="disabled" if target.disabled is not None else "failing" if failing else "ok",
        pending=target.pending,
        dead=target.num_dead,
        oldest_pending_at=_moment(target.oldest_pending),
        next_try_at=None if at is None else rfc3339(wall + max(0.0, at - now)),
        last_success_at=_moment(target.last_success),
        last_error=target.last_error,
        last_error_at=_moment(target.last_error_at),
        expired=target.counts["expired"],
        dropped=target.counts["dropped"],
    )


def _moment(wall: float | None) -> str | None:
    return None if wall is None else rfc3339(wall)
