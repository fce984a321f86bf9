"""What was so when, as somebody wrote it down: spans of a recording with their labels. Pure.

CSV with a header `start,end,label`, or JSON: a list of such objects, or {"labels": [...]}. Times are seconds from the
recording's beginning, or 1:23, 1:02:03.5. A yes/no watch's label is true or false (yes, no, 1, 0), a choice watch's is
the word. What no span covers is not looked at.
"""

import csv
import io
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from askcam.features.watches.setting import Kind, WatchSetting
from askcam.server.given_names import quoted

TRUE = frozenset({"true", "yes", "1", "on", "是", "有"})
FALSE = frozenset({"false", "no", "0", "off", "否", "没有"})
COLUMNS = ("start", "end", "label")
CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
MAX_BYTES = 16 << 20


class LabelError(ValueError):
    """The message names the file, the place in it, and the remedy."""


@dataclass(frozen=True, slots=True)
class Label:
    """From `start_s` until before `end_s`, seconds of the recording: is it so?"""

    start_s: float
    end_s: float
    true: bool


class Labels:
    """Spans in order that do not overlap."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self.spans = tuple(sorted(labels, key=lambda one: one.start_s))

    def at(self, at_s: float, settle_s: float = 0.0) -> tuple[int, bool] | None:
        """The number of the span that holds the moment, and whether it is so; None: nobody says, or it has been like
        this for less than `settle_s` after it was otherwise."""
        for i, span in enumerate(self.spans):
            if span.start_s <= at_s < span.end_s:
                return None if at_s < self._settled(i, settle_s) else (i, span.true)
        return None

    def _settled(self, i: int, settle_s: float) -> float:
        """From when on span `i` counts: the first span, and one like the span that it follows, from its start."""
        span = self.spans[i]
        same = i == 0 or self.spans[i - 1].true is span.true
        return span.start_s if same else span.start_s + settle_s


def read(path: Path, setting: WatchSetting) -> Labels:
    """Raises LabelError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError as exc:
        raise LabelError(f"there is no file of labels {path}: check the path") from exc
    except OSError as exc:
        raise LabelError(f"cannot read the labels {path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise LabelError(f"{path} is not UTF-8 text: save the labels as UTF-8") from exc
    if len(raw) > MAX_BYTES:
        raise LabelError(f"{path} has more than {MAX_BYTES:,} bytes: these are no labels")
    rows = _json(path, text) if path.suffix.lower() == ".json" else _csv(path, text)
    labels = [_label(where, row, setting) for where, row in rows]
    if not labels:
        raise LabelError(f"{path} holds not one label: write lines like 12.5,30,true below start,end,label")
    found = Labels(labels)
    for one, other in zip(found.spans, found.spans[1:], strict=False):
        if other.start_s < one.end_s:
            raise LabelError(
                f"{path}: the span from {other.start_s:g} s begins before the one from {one.start_s:g} s has ended "
                f"({one.end_s:g} s): a moment has one label"
            )
    return found


def _csv(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    if reader.fieldnames is None or not set(COLUMNS) <= {(name or "").strip().lower() for name in reader.fieldnames}:
        raise LabelError(f"{path}:1: the first line of labels must be start,end,label")
    reader.fieldnames = [(name or "").strip().lower() for name in reader.fieldnames]
    try:
        for row in reader:
            yield f"{path}:{reader.line_num}", row
    except csv.Error as exc:
        raise LabelError(f"{path}:{reader.line_num}: no CSV: {exc}") from exc


def _json(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise LabelError(f"{path} is not JSON: {exc}") from exc
    rows = found.get("labels") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise LabelError(f'{path}: labels are a list of {{"start": 0, "end": 12.5, "label": true}}')
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or not set(COLUMNS) <= row.keys():
            raise LabelError(f'{path}: label {i} must be like {{"start": 0, "end": 12.5, "label": true}}')
        yield f"{path}: label {i}", row


def _label(where: str, row: Mapping[str, Any], setting: WatchSetting) -> Label:
    start, end = (_time(where, name, row.get(name)) for name in ("start", "end"))
    if end <= start:
        raise LabelError(f"{where}: end {end:g} s is not after start {start:g} s")
    said = row.get("label")
    text = str(said).strip()
    if setting.kind is Kind.CHOICE:
        return Label(start, end, _choice(where, text, setting.choices) in setting.on_when)
    if text.lower() in TRUE | FALSE:
        return Label(start, end, text.lower() in TRUE)
    raise LabelError(f"{where}: the label {quoted(text)} must be true or false")


def _choice(where: str, text: str, choices: Collection[str]) -> str:
    if text not in choices:
        raise LabelError(f"{where}: the label {quoted(text)} is none of the watch's choices: {', '.join(choices)}")
    return text


def _time(where: str, name: str, said: Any) -> float:
    """Seconds."""
    text = "" if said is None else str(said).strip()
    if clock := CLOCK.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return 3600 * hours + 60 * minutes + seconds
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise LabelError(f"{where}: {name} is {quoted(text)}; write seconds (12.5) or 1:02:03")
    return value
