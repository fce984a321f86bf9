"""Whether a request wants the model to think before it answers, in the ways in which clients say so. Pure."""

from typing import Any

from askcam.server.openai.fates import THINKING, refused

AT_ONCE = ("none", "minimal")  # of reasoning_effort
NAMES = ("enable_thinking", "thinking")  # of chat_template_kwargs


def read_template(values: dict[str, Any]) -> None:
    """chat_template_kwargs may only say how to think, which becomes the body's own enable_thinking and
    reasoning_effort, as Ollama's `think` does. Raises Refusal for what else is in it."""
    given = values.pop("chat_template_kwargs", None) or {}
    if not isinstance(given, dict) or given.keys() - THINKING:
        name = next(iter(sorted(given.keys() - THINKING)), "") if isinstance(given, dict) else ""
        raise refused(f"chat_template_kwargs.{name}".rstrip("."), "the model's own chat template is used, as it is")
    said = [given.get(name) for name in NAMES] + [values.pop("think", None)]
    enabled = next((one for one in said if isinstance(one, bool)), None)
    efforts = [one for one in (given.get("reasoning_effort"), *said) if isinstance(one, str)]
    if enabled is not None:
        values.setdefault("enable_thinking", enabled)
    if efforts:
        values.setdefault("reasoning_effort", efforts[0])


def thinks(effort: str | None, enabled: bool | None) -> bool | None:
    """`effort`: OpenAI's reasoning_effort; `enabled`: the chat template's enable_thinking, which says it better. None:
    the request does not say."""
    if enabled is not None:
        return enabled
    return None if effort is None else effort not in AT_ONCE
