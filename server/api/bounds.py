"""How tokens are chosen, as requests of every protocol bound it: each value checked under its own name. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from askcam.engine.question import MAX_LOGPROBS, Form
from askcam.server.access.limits import Limits
from askcam.server.access.sizes import check_depth
from askcam.server.errors import bad_request


def max_tokens(asked: int | None, param: str, limits: Limits) -> int:
    """How long an answer may become. Raises ApiError 400."""
    if asked is not None and asked < 1:
        raise bad_request(f"{param}={asked} must be at least 1", param)
    return min(asked or limits.max_tokens, limits.max_tokens)


def check_chance(temperature: float | None, top_p: float | None) -> None:
    """Raises ApiError 400."""
    if temperature is not None and not 0 <= temperature <= 2:
        raise bad_request(f"temperature={temperature:g} must be between 0 and 2", "temperature")
    if top_p is not None and not 0 < top_p <= 1:
        raise bad_request(f"top_p={top_p:g} must be above 0 and at most 1", "top_p")


def check_top_logprobs(asked: int) -> None:
    """Raises ApiError 400."""
    if not 0 <= asked <= MAX_LOGPROBS:
        raise bad_request(f"top_logprobs={asked} must be 0 to {MAX_LOGPROBS}", "top_logprobs")


def form_of(schema: Mapping[str, Any]) -> Form:
    """The form that a request's JSON Schema describes; the engine checks it. Raises ApiError 400."""
    check_depth(schema, "response_format")
    return Form(msgspec.json.encode(schema).decode())
