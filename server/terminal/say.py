"""How commands talk to people and to programs: rich for the one, one JSON object per line for the other."""

import json
import sys
from typing import Any, NoReturn

from rich.console import Console

from askcam.client.protocol import Saw
from askcam.server.terminal.reasons import MAX_CHARS, reason_in
from askcam.server.terminal.words import told
from askcam.server.wire.refusals import FAILED
from askcam.stream.secrets import KNOWN

MINUTE_MS = 60_000

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def line(value: dict[str, Any]) -> None:
    """One JSON object on its own line of stdout, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say what is wrong, with the remedy, in one line on stderr, and leave."""
    message = KNOWN.hide(message)
    errors.print(f"[bold red]askcam:[/] {escape(message if len(message) > MAX_CHARS else reason_in(message))}")
    raise SystemExit(code)


def escape(text: str) -> str:
    """`text` with nothing in it that rich would take for markup."""
    return text.replace("[", r"\[")


def age(ms: float | None) -> str:
    """Milliseconds for people."""
    if ms is None:
        return told("unknown")
    if ms < 1000:
        return told("age.ms", n=f"{ms:.0f}")
    if ms < MINUTE_MS:
        return told("age.s", n=f"{ms / 1000:.1f}")
    if ms < 120 * MINUTE_MS:
        return told("age.min", n=f"{ms / MINUTE_MS:.0f}")
    return told("age.h", n=f"{ms / 60 / MINUTE_MS:.0f}")


def seen(saw: Saw) -> str:
    """What an answer saw, in one line for people."""
    parts = [told("first_word", age=age(saw.ttft_ms))]
    if saw.window is not None:
        parts.append(told("frames", frames=saw.window.frames, age=age(saw.frame_age_ms)))
    if saw.health:
        parts.append(told("picture", flags=", ".join(saw.health)))
    if saw.note:
        parts.append(reason_in(saw.note))
    return " · ".join(parts)
