"""The `askcam` object of a request, read: what a question wants of askcam besides what OpenAI's fields say. Pure."""

from dataclasses import replace

from askcam.client.protocol import AskcamRequest
from askcam.server.errors import Invalid
from askcam.server.steps import Ask

MAX_WAIT_MS = 60_000.0


def with_wishes(ask: Ask, asked: AskcamRequest | None) -> Ask:
    """`ask`, as `asked` wants it. Raises Invalid naming the field."""
    if asked is None:
        return ask
    age_ms = None if asked.max_age_ms is None else positive(asked.max_age_ms, "askcam.max_age_ms")
    wait_ms = asked.max_wait_ms or 0.0
    if not 0 <= wait_ms <= MAX_WAIT_MS:
        raise Invalid(f"askcam.max_wait_ms={wait_ms:g} must be 0 to {MAX_WAIT_MS:g}", "askcam.max_wait_ms")
    return replace(
        ask,
        max_age_s=None if age_ms is None else age_ms / 1000,
        max_wait_s=wait_ms / 1000,
        server_tools=None if asked.tools is None else tuple(asked.tools),
        evidence=asked.evidence is not False,
        unwell=asked.unwell,
        model=asked.model,
        zone=asked.zone,
        on_change=asked.on_scene_change,
    )


def positive(value: float, param: str) -> float:
    """`value`, unless it is zero, negative or no number. Raises Invalid."""
    if not 0 < value < float("inf"):
        raise Invalid(f"{param}={value:g} must be a positive number", param)
    return value
