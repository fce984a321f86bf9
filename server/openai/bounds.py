"""How tokens are chosen, as requests of every protocol bound it: each value checked under its own name. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from askcam.engine.question import MAX_LOGPROBS, Form
from askcam.server.access.limits import Limits
from askcam.server.access.sizes import check_depth
from askcam.server.errors import Invalid

MAX_STOPS = 16  # OpenAI takes 4; editors and their agents send more
MAX_STOP_CHARS = 256


def max_tokens(asked: int | None, param: str, limits: Limits) -> int:
    """How long an answer may become. Raises Invalid."""
    if asked is not None and asked < 1:
        raise Invalid(f"{param}={asked} must be at least 1", param)
    return min(asked or limits.max_tokens, limits.max_tokens)


def min_tokens(asked: int | None, most: int) -> int:
    """How long an answer must become at least, where it may become `most`. Raises Invalid."""
    if asked is not None and not 0 <= asked <= most:
        raise Invalid(f"min_tokens={asked} must be 0 to the {most} that the answer may have", "min_tokens")
    return asked or 0


def check_chance(temperature: float | None, top_p: float | None) -> None:
    """Raises Invalid."""
    if temperature is not None and not 0 <= temperature <= 2:
        raise Invalid(f"temperature={temperature:g} must be between 0 and 2", "temperature")
    if top_p is not None and not 0 < top_p <= 1:
        raise Invalid(f"top_p={top_p:g} must be above 0 and at most 1", "top_p")


def check_choosing(top_k: int | None, repetition_penalty: float | None) -> None:
    """Raises Invalid."""
    if top_k is not None and top_k < 0:
        raise Invalid(f"top_k={top_k} must be at least 1, or 0 or -1 for all tokens", "top_k")
    if repetition_penalty is not None and not 0 < repetition_penalty <= 10:
        raise Invalid(f"repetition_penalty={repetition_penalty:g} must be above 0, at most 10", "repetition_penalty")


def stops(given: str | list[str] | None) -> tuple[str, ...]:
    """Strings before the first of which an answer ends. Raises Invalid."""
    found = [given] if isinstance(given, str) else given or []
    if len(found) > MAX_STOPS or any(not 0 < len(one) <= MAX_STOP_CHARS for one in found):
        raise Invalid(f"'stop' takes up to {MAX_STOPS} strings of 1 to {MAX_STOP_CHARS} characters", "stop")
    return tuple(found)


def check_top_logprobs(asked: int) -> None:
    """Raises Invalid."""
    if not 0 <= asked <= MAX_LOGPROBS:
        raise Invalid(f"top_logprobs={asked} must be 0 to {MAX_LOGPROBS}", "top_logprobs")


def form_of(schema: Mapping[str, Any]) -> Form:
    """The form that a request's JSON Schema describes; the engine checks it. Raises Invalid."""
    check_depth(schema, "response_format")
    return Form(msgspec.json.encode(schema).decode())
