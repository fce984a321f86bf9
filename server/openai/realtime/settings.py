"""What a realtime session, or one response of it, is set to: read from session.update and response.create. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from askcam.client.protocol import AskcamRequest
from askcam.engine.question import Sampling
from askcam.server.errors import Invalid
from askcam.server.openai.fates import sort_out
from askcam.server.openai.realtime.fields import RESPONSE, SESSION
from askcam.server.openai.realtime.tools import read_choice, read_tools
from askcam.server.openai.realtime.truncation import Rule, tokens
from askcam.server.steps import OnChange, Unwell
from askcam.server.wire.bodies import convert
from askcam.server.wire.fields import Fields, wrong

MAX_TOKENS = 4096  # of one answer, as OpenAI has it
MAX_AGE_MS, MAX_WAIT_MS = 86_400_000, 60_000
EVENTS = ("camera.state", "frame.dropped", "scene.changed")  # and those that extensions feed
ONCE = {"modalities": "output_modalities", "max_response_output_tokens": "max_output_tokens"}  # names before 2025-09


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
    parallel_tool_calls: bool = True
    truncation: Any = "auto"  # "disabled": all turns are in the prompt, whatever their length
    max_age_ms: float | None = None
    max_wait_ms: float | None = None
    unwell: Unwell | None = None  # None: as the camera is configured
    on_scene_change: OnChange | None = None
    server_tools: tuple[str, ...] | None = None  # None: all that the camera may use
    turn_times: bool | None = None  # earlier answers in the prompt say when they were seen
    events: frozenset[str] = frozenset()  # which of askcam's own events to send
    events_after: int | None = None  # of those that an extension feeds: what came after this number first
    evidence: bool = True  # answers' evidence may be kept on the server's disk
    model: str | None = None  # which of the models that see the camera answers; None: the camera's own
    zone: str | None = None  # which of the camera's zones is looked at; None: all of its picture

    def sampling(self, max_tokens: int) -> Sampling:
        """How tokens are chosen where no answer may have more than `max_tokens`."""
        return Sampling(max_tokens=min(self.max_output_tokens or max_tokens, max_tokens), temperature=self.temperature)

    @property
    def max_age_s(self) -> float | None:
        return None if self.max_age_ms is None else self.max_age_ms / 1000

    @property
    def max_wait_s(self) -> float:
        return (self.max_wait_ms or 0.0) / 1000

    @property
    def on_change(self) -> OnChange | None:
        """Whoever asked for the event wants the scene watched."""
        return self.on_scene_change or ("tell" if "scene.changed" in self.events else None)

    def rule(self, prompt_chars: int) -> Rule | None:
        """How the conversation is cut for the prompt, of which `prompt_chars` may be turns. None: not at all."""
        if self.truncation == "disabled":
            return None
        if self.truncation == "auto":
            return Rule(prompt_chars)
        ratio = self.truncation["retention_ratio"]
        limit = (self.truncation.get("token_limits") or {}).get("post_instructions")
        return Rule(prompt_chars, ratio) if limit is None else Rule(min(limit, prompt_chars), ratio, measure=tokens)

    def wire(self) -> dict[str, Any]:
        """The fields of a session object that are settings."""
        return {
            "output_modalities": ["text"],
            "instructions": self.instructions,
            "max_output_tokens": "inf" if self.max_output_tokens is None else self.max_output_tokens,
            "temperature": self.temperature,
            "tools": list(self.tools),
            "tool_choice": self.tool_choice,
            "parallel_tool_calls": self.parallel_tool_calls,
            "truncation": self.truncation,
            "include": None,
            "prompt": None,
            "tracing": None,
        }

    def own(self) -> dict[str, Any]:
        """Those of them that are askcam's."""
        return {
            "max_age_ms": self.max_age_ms,
            "max_wait_ms": self.max_wait_ms,
            "unwell": self.unwell,
            "on_scene_change": self.on_scene_change,
            "tools": None if self.server_tools is None else list(self.server_tools),
            "turn_times": self.turn_times,
            "events": sorted(self.events),
            "events_after": self.events_after,
            "evidence": self.evidence,
            "model": self.model,
            "zone": self.zone,
        }

    def with_changes(self, changes: Mapping[str, Any]) -> "Settings":
        return replace(self, **changes)


def read_changes(fields: Fields, max_chars: int, feeds: Iterable[str] = (), *, session: bool) -> dict[str, Any]:
    """What a session object (or a response object) sets, by the names in Settings. Raises Invalid.
    `feeds`: names by which extensions' events are asked for.

    Fields that are absent are not set; null sets the default again. What becomes of others stands in fields.py.
    """
    sort_out(fields.plain(), SESSION if session else RESPONSE, fields.at(""))
    fields = fields.renamed(ONCE)
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
        changes["tools"] = read_tools(fields)
    if "tool_choice" in fields:
        changes["tool_choice"] = read_choice(fields)
    if "parallel_tool_calls" in fields:
        changes["parallel_tool_calls"] = fields.boolean("parallel_tool_calls") is not False
    if session and "truncation" in fields:
        changes["truncation"] = _truncation(fields)
    if "askcam" in fields:
        changes |= _askcam(fields, feeds, session)
    return changes


def _max_tokens(fields: Fields) -> int | None:
    value = fields.raw("max_output_tokens")
    if value in (None, "inf", -1):
        return None
    if isinstance(value, str):
        raise wrong(fields.at("max_output_tokens"), value, f'a whole number from 1 to {MAX_TOKENS}, or "inf"')
    return fields.integer("max_output_tokens", 1, MAX_TOKENS)


def _truncation(fields: Fields) -> Any:
    value = fields.raw("truncation")
    if not isinstance(value, dict):
        return fields.choice("truncation", ("auto", "disabled")) or "auto"
    cut = Fields(value, fields.at("truncation"))
    if cut.choice("type", ("retention_ratio",)) is None:
        raise cut.missing("type", "'retention_ratio'")
    if cut.number("retention_ratio", 0, 1) is None:
        raise cut.missing("retention_ratio", "a number from 0 to 1")
    limits = cut.object("token_limits")
    if limits is not None:
        limits.integer("post_instructions", 1, 10_000_000)
    return value


RESET: Mapping[str, Any] = {
    "max_age_ms": None,
    "max_wait_ms": None,
    "unwell": None,
    "on_scene_change": None,
    "server_tools": None,
    "turn_times": None,
    "evidence": True,
    "model": None,
    "zone": None,
}


def _askcam(fields: Fields, feeds: Iterable[str], session: bool) -> dict[str, Any]:
    value = fields.raw("askcam")
    if value is None:
        return {**RESET} | ({"events": frozenset(), "events_after": None} if session else {})
    path = fields.at("askcam")
    try:
        asked = convert(value, AskcamRequest)
    except Invalid as exc:
        raise exc.saying(f"{path}: {exc.message}", path) from exc
    extra = Fields(value, path)
    as_they_are = ("unwell", "on_scene_change", "turn_times", "model", "zone")
    changes: dict[str, Any] = {name: getattr(asked, name) for name in as_they_are if name in extra}
    if "max_age_ms" in extra:
        if asked.max_age_ms is not None and not 0 < asked.max_age_ms <= MAX_AGE_MS:
            raise wrong(extra.at("max_age_ms"), asked.max_age_ms, "a number of milliseconds above 0, at most a day")
        changes["max_age_ms"] = asked.max_age_ms
    if "max_wait_ms" in extra:
        changes["max_wait_ms"] = extra.number("max_wait_ms", 0, MAX_WAIT_MS)
    if "tools" in extra:
        changes["server_tools"] = None if asked.tools is None else tuple(asked.tools)
    if "evidence" in extra:
        changes["evidence"] = asked.evidence is not False
    for name in ("events", "events_after"):
        if name in extra and not session:
            raise Invalid(f"events are asked for in session.askcam.{name}", extra.at(name))
    if "events_after" in extra:
        changes["events_after"] = extra.integer("events_after", 0, 2**63 - 1)
    if "events" in extra:
        changes["events"] = frozenset(extra.strings("events", (*EVENTS, *feeds)) or ())
    return changes
