"""What a realtime session, or one response of it, is set to: read from session.update and response.create. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from askcam.client.protocol import AskcamRequest
from askcam.engine.question import Sampling
from askcam.server.errors import bad_request
from askcam.server.realtime.reading import Fields, wrong

MAX_TOOLS = 64
MAX_TOKENS = 4096  # of one answer, as OpenAI has it
EVENTS = ("camera.state", "frame.dropped")


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Of one connection."""

    max_chars: int = 32_768  # of one text
    max_tokens: int = 2048  # of one answer
    prompt_chars: int = 16_384  # of the turns that a question is asked with
    max_responses: int = 8  # being answered at once, out of the conversation ones included


@dataclass(frozen=True, slots=True)
class Settings:
    """All that questions are asked with. Immutable; changes make a new one."""

    instructions: str = ""
    max_output_tokens: int | None = None  # None: "inf"
    temperature: float | None = None  # None: as the model's own configuration says
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = "auto"
    truncation: Any = "auto"  # "disabled": all turns are in the prompt, whatever their length
    max_age_ms: float | None = None
    events: frozenset[str] = frozenset()  # which of askcam's own events to send
    evidence: bool = True  # answers' evidence may be kept on the server's disk

    def sampling(self, max_tokens: int) -> Sampling:
        """How tokens are chosen where no answer may have more than `max_tokens`."""
        return Sampling(max_tokens=min(self.max_output_tokens or max_tokens, max_tokens), temperature=self.temperature)

    @property
    def max_age_s(self) -> float | None:
        return None if self.max_age_ms is None else self.max_age_ms / 1000

    def wire(self) -> dict[str, Any]:
        """The fields of a session object that are settings."""
        return {
            "output_modalities": ["text"],
            "instructions": self.instructions,
            "max_output_tokens": "inf" if self.max_output_tokens is None else self.max_output_tokens,
            "temperature": self.temperature,
            "tools": list(self.tools),
            "tool_choice": self.tool_choice,
            "truncation": self.truncation,
        }

    def own(self) -> dict[str, Any]:
        """Those of them that are askcam's."""
        return {"max_age_ms": self.max_age_ms, "events": sorted(self.events), "evidence": self.evidence}

    def with_changes(self, changes: Mapping[str, Any]) -> "Settings":
        return replace(self, **changes)


def read_changes(fields: Fields, max_chars: int, *, session: bool) -> dict[str, Any]:
    """What a session object (or a response object) sets, by the names in Settings. Raises ApiError 400.

    Fields that are absent are not set; null sets the default again. Unknown ones are let pass.
    """
    changes: dict[str, Any] = {}
    if "instructions" in fields:
        changes["instructions"] = fields.text("instructions", max_chars) or ""
    if fields.raw("output_modalities") not in (None, ["text"]):
        raise wrong(fields.at("output_modalities"), fields.raw("output_modalities"), '["text"]: answers are text here')
    if "max_output_tokens" in fields:
        changes["max_output_tokens"] = _max_tokens(fields)
    if "temperature" in fields:
        changes["temperature"] = fields.number("temperature", 0, 2)
    if "tools" in fields:
        changes["tools"] = tuple(_tool(tool) for tool in fields.objects("tools", MAX_TOOLS) or ())
    if "tool_choice" in fields:
        changes["tool_choice"] = _tool_choice(fields)
    if session and "truncation" in fields:
        changes["truncation"] = _truncation(fields)
    if "askcam" in fields:
        changes |= _askcam(fields, session)
    return changes


def _max_tokens(fields: Fields) -> int | None:
    value = fields.raw("max_output_tokens")
    if value is None or value == "inf":
        return None
    if isinstance(value, str):
        raise wrong(fields.at("max_output_tokens"), value, f'a whole number from 1 to {MAX_TOKENS}, or "inf"')
    return fields.integer("max_output_tokens", 1, MAX_TOKENS)


def _tool(tool: Fields) -> Mapping[str, Any]:
    tool.choice("type", ("function",))
    tool.need_text("name", 128)
    tool.text("description")
    tool.object("parameters")
    return {"type": "function", **tool.plain()}


def _tool_choice(fields: Fields) -> Any:
    value = fields.raw("tool_choice")
    if isinstance(value, dict):
        Fields(value, fields.at("tool_choice")).need_text("name")
        return value
    return fields.choice("tool_choice", ("auto", "none", "required")) or "auto"


def _truncation(fields: Fields) -> Any:
    value = fields.raw("truncation")
    if isinstance(value, dict):
        ratio = Fields(value, fields.at("truncation"))
        ratio.choice("type", ("retention_ratio",))
        ratio.number("retention_ratio", 0, 1)
        return value
    return fields.choice("truncation", ("auto", "disabled")) or "auto"


def _askcam(fields: Fields, session: bool) -> dict[str, Any]:
    value = fields.raw("askcam")
    if value is None:
        return {"max_age_ms": None, "evidence": True} | ({"events": frozenset()} if session else {})
    path = fields.at("askcam")
    try:
        asked = msgspec.convert(value, AskcamRequest)
    except msgspec.ValidationError as exc:
        raise bad_request(f"{path}: {exc}", path) from exc
    changes: dict[str, Any] = {}
    extra = Fields(value, path)
    if "max_age_ms" in extra:
        if asked.max_age_ms is not None and not 0 < asked.max_age_ms <= 86_400_000:
            raise wrong(extra.at("max_age_ms"), asked.max_age_ms, "a number of milliseconds above 0, at most a day")
        changes["max_age_ms"] = asked.max_age_ms
    if "evidence" in extra:
        changes["evidence"] = asked.evidence is not False
    if "events" in extra:
        if not session:
            raise bad_request("events are asked for in session.askcam.events", extra.at("events"))
        changes["events"] = frozenset(extra.strings("events", EVENTS) or ())
    return changes
