"""A summary as text, as Markdown and as JSON. Pure."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from askcam.features.summary.prompts import Prompts
from askcam.features.summary.summary import Summary, clock, in_short, line
from askcam.server.wire.moments import rfc3339


class Format(StrEnum):
    TEXT = "text"
    MD = "md"
    JSON = "json"


def write(summary: Summary, words: Prompts, form: Format) -> str:
    """Ends with a newline."""
    return _WRITERS[form](summary, words)


def _text(summary: Summary, words: Prompts) -> str:
    rows = [_head(summary), *in_short(summary, words)]
    rows += ["", words.events_title] + [f"  {clock(one.at_s)}  {line(one, words)}" for one in summary.happenings]
    rows += ["", words.scenes_title]
    rows += [f"  {clock(one.span.start_s)} - {clock(one.span.end_s)}  {_flat(one.text)}" for one in summary.scenes]
    if summary.note:
        rows += ["", summary.note]
    return "\n".join(rows) + "\n"


def _md(summary: Summary, words: Prompts) -> str:
    about = _head(summary).partition(" · ")[2]
    rows = [f"# {_plain(summary.source)}", "", _plain(about), "", f"## {words.summary_title}", ""]
    rows += [f"{_plain(sentence)}  " for sentence in in_short(summary, words)]
    if summary.happenings:
        rows += ["", f"## {words.events_title}", ""]
        rows += [f"- **{clock(one.at_s)}** {_plain(line(one, words))}" for one in summary.happenings]
    rows += ["", f"## {words.scenes_title}", "", "| | |", "| --- | --- |"]
    rows += [
        f"| {clock(one.span.start_s)} - {clock(one.span.end_s)} | {_plain(_flat(one.text))} |" for one in summary.scenes
    ]
    if summary.note:
        rows += ["", f"*{_plain(summary.note)}*"]
    return "\n".join(rows) + "\n"


def _json(summary: Summary, words: Prompts) -> str:
    return json.dumps(as_dict(summary, words), ensure_ascii=False) + "\n"


def as_dict(summary: Summary, words: Prompts) -> Mapping[str, Any]:
    """Numbers are seconds since the beginning."""
    return {
        "source": summary.source,
        "seconds": round(summary.seconds, 2),
        "started": None if summary.started is None else rfc3339(summary.started),
        "model": summary.model,
        "note": summary.note or None,
        "language": summary.language,
        "fps": summary.fps,
        "segment_s": round(summary.segment_s, 2),
        "segments": summary.num_segments,
        "summary": " ".join(in_short(summary, words)),
        "events": [
            {
                "at": clock(one.at_s),
                "at_s": round(one.at_s, 2),
                "after_s": round(one.after_s, 2),
                "by_s": round(one.by_s, 2),
                "kind": one.kind.value,
                "what": one.what,
                "text": line(one, words),
            }
            for one in summary.happenings
        ],
        "scenes": [
            {"start_s": round(one.span.start_s, 2), "end_s": round(one.span.end_s, 2), "text": one.text}
            for one in summary.scenes
        ],
        "gaps": [{"start_s": round(gap.start_s, 2), "end_s": round(gap.end_s, 2)} for gap in summary.gaps],
        "took_s": round(summary.took_s, 2),
    }


def _head(summary: Summary) -> str:
    parts = [summary.source, clock(summary.seconds)]
    if summary.started is not None:
        parts.append(datetime.fromtimestamp(summary.started).astimezone().isoformat(sep=" ", timespec="seconds"))
    return " · ".join((*parts, summary.model))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    """A model's words, or a file's name, with nothing in them that Markdown would take for its own."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|" else sign for sign in text)


_WRITERS: dict[Format, Callable[[Summary, Prompts], str]] = {Format.TEXT: _text, Format.MD: _md, Format.JSON: _json}
