"""What came of a run of wall.py: events against the truth, and whether any was lost or told twice."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.followers import Follower, Receiver
from support.judging import Rules, Score, Span, Told, expected, judge, percentile
from support.scripted import Change


@dataclass(frozen=True, slots=True)
class Watched:
    """One watch: when what it asks for changed, and when nobody could look."""

    name: str
    camera: str
    changes: Sequence[Change]
    outages: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Outcome:
    watches: Sequence[Watched]
    span: Span  # the run's
    for_s: float
    rules: Rules
    stored: Sequence[dict[str, Any]]  # all events that the server has kept, oldest first
    follower: Follower
    receiver: Receiver | None
    deaths: int  # of cameras


def stored(get: Callable[..., Any]) -> list[dict[str, Any]]:
    """All events that are kept, oldest first. `get(path, **params)` asks the server."""
    found: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = get("/v1/events", limit=500, **more)
        found += page["data"]
        if not page["has_more"]:
            return found[::-1]
        more = {"before": found[-1]["id"]}


def report(
    outcome: Outcome, about: dict[str, Any], delivered: Callable[[Outcome], dict[str, Any]] | None = None
) -> None:
    """`delivered`: what is told in place of delivery()."""
    everything = Score()
    for watch in outcome.watches:
        score = judged(watch, outcome)
        everything.add(score)
        print(f"{watch.name:10}{line(score)}")
        for missed in score.missed:
            at = missed.at - outcome.span.start
            print(f"{'':10}missed: at {at:.1f} s it {'came' if missed.there else 'went'}")
        for told in score.invented:
            at = told.at - outcome.span.start
            print(f"{'':10}invented: event {told.id}, {'on' if told.on else 'off'} at {at:.1f} s")
    print(f"{'all':10}{line(everything)}\n")
    row = figures(everything, outcome) | (delivered or delivery)(outcome)
    for name, value in row.items():
        print(f"{name:28}{value}")
    print(json.dumps({"benchmark": "wall", **about, **row}))


def judged(watch: Watched, outcome: Outcome) -> Score:
    told = [
        Told(one["id"], seconds(one["at"]), one["kind"] == "on")
        for one in outcome.stored
        if one["watch"] == watch.name and one["kind"] in ("on", "off")
    ]
    return judge(told, expected(watch.changes, watch.outages, outcome.span, outcome.rules))


def figures(score: Score, outcome: Outcome) -> dict[str, Any]:
    outages = {span for watch in outcome.watches for span in watch.outages}
    at_outages = [
        told
        for told in score.invented
        if any(span.start <= told.at <= span.end + outcome.rules.limit_s for span in outages)
    ]
    less = [one - outcome.for_s for one in score.delays_s]
    return {
        "watches": len(outcome.watches),
        "changes_to_be_told": score.required,
        "found": score.found,
        "recall": short(score.recall),
        "precision": short(score.precision),
        "missed": len(score.missed),
        "invented": len(score.invented),
        "invented_at_outages": len(at_outages),
        "told_though_not_needed": score.extra,
        "repeated": score.repeated,
        "delay_s_p50": short(percentile(score.delays_s, 0.5)),
        "delay_s_p95": short(percentile(score.delays_s, 0.95)),
        "delay_less_for_s_p50": short(percentile(less, 0.5)),
        "delay_less_for_s_p95": short(percentile(less, 0.95)),
        "delay_over_outages_s_p95": short(percentile(score.hidden_delays_s, 0.95)),
    }


def delivery(outcome: Outcome) -> dict[str, Any]:
    ids = [one["id"] for one in outcome.stored]
    follower, receiver = outcome.follower, outcome.receiver
    row: dict[str, Any] = {
        "events": len(ids),
        "kinds": dict(Counter(one["kind"] for one in outcome.stored)),
        "camera_deaths": outcome.deaths,
        "camera_lost_unexplained": unexplained(outcome),
        "ids_consecutive": ids == list(range(1, len(ids) + 1)),
        "heard_twice": sum(count > 1 for count in follower.heard.values()),
        "heard_equals_stored": sorted(follower.heard) == ids,
        "stream_connections": follower.connections,
        "gone": follower.gone,
    }
    if receiver is not None:
        missing = receiver.await_all(set(ids), 120.0)
        row |= {
            "webhook_missing": len(missing),
            "webhook_refused": receiver.refused,
            "webhook_delivered_twice": sum(count > 1 for count in receiver.ids.values()),
            "webhook_keys_per_event": max((len(names) for names in receiver.names.values()), default=0),
        }
    return row


def unexplained(outcome: Outcome) -> int:
    """Losses of cameras that were not away."""
    spans = {watch.camera: watch.outages for watch in outcome.watches}
    lost = [(one["camera"], seconds(one["at"])) for one in outcome.stored if one["kind"] == "camera_lost"]
    return sum(not any(span.start <= at <= span.end + 5 for span in spans[camera]) for camera, at in lost)


def line(score: Score) -> str:
    p50, p95 = percentile(score.delays_s, 0.5), percentile(score.delays_s, 0.95)
    late = "" if p50 is None or p95 is None else f"   delay p50 {p50:.1f} s, p95 {p95:.1f} s"
    counted = f"found {score.found:4} of {score.required:4}   invented {len(score.invented)}"
    return f"{counted}   repeated {score.repeated}{late}"


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
