"""askcam watch events: what watches have told, and what they tell now, over the server's restarts."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from askcam.client.errors import Busy, ConnectionFailed
from askcam.client.http import Http
from askcam.client.sse import sent_events
from askcam.client.watches import EventList, WatchEvent
from askcam.server.terminal import say, words
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.words import Words

told = Words(__name__)

SILENCE_S = 45.0  # the server says something every 15 seconds
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0  # between tries to come back


@dataclass(frozen=True, slots=True)
class WantedEvents:
    """Which events. None: all."""

    watch: str | None
    camera: str | None
    since: str | None  # RFC 3339
    limit: int  # of those that are past

    def query(self, **more: object) -> str:
        fields = {"watch": self.watch, "camera": self.camera, **more}
        return urlencode({name: value for name, value in fields.items() if value is not None})


def events(http: Http, wanted: WantedEvents, follow: bool, json: bool) -> None:
    """The newest so many, oldest first; with `follow` those since then, too, and then those that come, until Ctrl-C.

    Leaves with 2 for what the server refuses, and when there is none at the beginning.
    """
    with leaving(msgspec.DecodeError):
        last = _newest_id(http) if follow else 0
        if not follow or wanted.since is not None:
            for event in _past(http, wanted):
                _show(event, json)
                last = event.id
        if follow:
            for event in _coming(http, wanted, str(last)):
                _show(event, json)


def judge(http: Http, event: int, said: dict[str, Any], json: bool) -> None:
    """`said`: a client.watches.Judgement. Leaves with 2 for what the server refuses."""
    with leaving(msgspec.DecodeError):
        now = msgspec.json.decode(http.request(f"/v1/events/{event}/judge", "POST", said), type=WatchEvent)
        _show(now, json)


def _newest_id(http: Http) -> int:
    """Of all events; 0 before the first."""
    newest = msgspec.json.decode(http.request("/v1/events?limit=1"), type=EventList).data
    return newest[0].id if newest else 0


def _past(http: Http, wanted: WantedEvents) -> list[WatchEvent]:
    query = wanted.query(since=wanted.since, limit=wanted.limit)
    return msgspec.json.decode(http.request(f"/v1/events?{query}"), type=EventList).data[::-1]


def _coming(http: Http, wanted: WantedEvents, last: str) -> Iterator[WatchEvent]:
    """Each once, in order, as long as anybody listens: a server that goes away is waited for."""
    wait_s, away = FIRST_WAIT_S, False
    while True:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
        try:
            for message in sent_events(http.lines(f"/v1/events?{wanted.query()}", headers, SILENCE_S)):
                wait_s, away = FIRST_WAIT_S, _back(away)
                last = message.id or last  # of a front it says how far each of its servers was heard
                if message.name == "gone":
                    gone = told("watch.gone", data=say.escape(message.data))
                    say.errors.print(f"[yellow]{words.told('note')}[/] {gone}")
                elif message.data and message.name not in ("resume", "acknowledged", "clip", "judged"):
                    event = msgspec.json.decode(message.data, type=WatchEvent)
                    yield event
        except (ConnectionFailed, Busy) as exc:
            if not away:
                say.errors.print(f"[yellow]{words.told('note')}[/] {say.escape(told('watch.away', why=exc))}")
            away = True
        time.sleep(wait_s * random.uniform(0.5, 1.0))
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def _back(away: bool) -> bool:
    if away:
        say.errors.print(told("watch.back"))
    return False


def _show(event: WatchEvent, json: bool) -> None:
    if json:
        say.line(msgspec.to_builtins(event))
        return
    when, share = event.at[:19].replace("T", " "), ""
    if event.probability is not None:
        share = f" {event.probability:.2f}"
    what = event.kind if event.watch is None else f"{event.watch} {event.kind}"
    rest = event.answer or event.reason or ""
    verdicts = {"right": told("watch.verdict.right"), "wrong": told("watch.verdict.wrong")}
    judged = "" if event.verdict is None else f"  {verdicts[event.verdict]}"
    say.console.out(f"{when}Z  {event.camera}  {what}  {rest}{share}{judged}".rstrip(), highlight=False)
