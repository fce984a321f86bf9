"""askcam watch: the standing questions of a running server."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from rich.table import Table

from askcam.client.http import Http
from askcam.client.watches import WatchInfo, WatchJudged, WatchList, WatchNow, WatchProposalList
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.words import Words

told = Words(__name__)

T = TypeVar("T")


def show_all(http: Http, json: bool) -> None:
    """A line for each watch and camera."""
    watches = _asked(lambda: msgspec.json.decode(http.request("/v1/watches"), type=WatchList)).data
    if json:
        for watch in watches:
            say.line(msgspec.to_builtins(watch))
        return
    if not watches:
        say.console.print(told("watch.none"))
        return
    _table(watches)


def show(http: Http, name: str, json: bool) -> None:
    """One of them, with what was judged of it. Leaves with 2 when there is none."""
    watch = _asked(lambda: msgspec.json.decode(http.request(_path(name)), type=WatchInfo))
    if json:
        say.line(msgspec.to_builtins(watch))
        return
    _table([watch])
    if watch.judged is not None:
        for line in judged(watch.judged):
            say.console.print(say.escape(line))


def judged(found: WatchJudged) -> Iterator[str]:
    """What people have judged, in sentences."""
    since = found.since[:10]
    yield told("watch.judged", wrong=found.wrong, judged=found.judged, since=since)
    if (proposed := found.proposed) is not None:
        yield told(
            "watch.proposed",
            on=f"{proposed.on:g}",
            kept=proposed.wrong_kept_back,
            wrong=proposed.wrong,
            lost=proposed.right_lost,
            right=proposed.right,
            share=f"{proposed.lost_at_most:.0%}",
        )


def _table(watches: Iterable[WatchInfo]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in (
        told("watch.heading.watch"),
        told("watch.heading.camera"),
        told("watch.heading.state"),
        told("watch.heading.reading"),
        told("watch.heading.question"),
    ):
        table.add_column(heading)
    for watch in watches:
        for now in watch.now:
            table.add_row(watch.name, now.camera, now.state, say.escape(reading(now)), say.escape(watch.question))
    say.console.print(table)


def add(http: Http, name: str, fields: dict[str, Any], json: bool) -> None:
    """Make one. Leaves with 2 for what the server refuses."""
    made = _asked(lambda: http.request("/v1/watches", "POST", {"name": name, **fields}))
    _show(made, json, told("watch.added", name=name))


def change(http: Http, name: str, fields: dict[str, Any], json: bool) -> None:
    """Leaves with 2 when nothing is to be changed, and for what the server refuses."""
    if not fields:
        say.fail(told("watch.nothing_changed"))
    changed = _asked(lambda: http.request(_path(name), "PATCH", fields))
    _show(changed, json, told("watch.changed", name=name))


def remove(http: Http, name: str) -> None:
    """Leaves with 2 when there is none."""
    _asked(lambda: http.request(_path(name), "DELETE"))
    say.console.print(say.escape(told("watch.removed", name=name)))


def show_proposals(http: Http, json: bool) -> None:
    """A line for each that waits for a yes."""
    path = "/v1/watches/proposals"
    waiting = _asked(lambda: msgspec.json.decode(http.request(path), type=WatchProposalList)).data
    for each in waiting:
        if json:
            say.line(msgspec.to_builtins(each))
        else:
            action = told("watch.create") if each.action == "create" else told("watch.remove")
            what = "" if each.question is None else f"{each.question} ({', '.join(each.cameras)})"
            say.console.print(say.escape(f"{each.id}  {action} {each.name}  {what}"))
    if not waiting and not json:
        say.console.print(told("watch.no_proposals"))


def confirm(http: Http, proposal: str) -> None:
    """Leaves with 2 when nothing of that id waits, and for what the server refuses."""
    made = _asked(lambda: http.request(f"/v1/watches/proposals/{quote(proposal, safe='')}/confirm", "POST"))
    if made:
        _show(made, False, told("watch.added", name=msgspec.json.decode(made, type=WatchInfo).name))
    else:
        say.console.print(told("watch.removed_as_proposed"))


def reading(now: WatchNow) -> str:
    """How it stands, for people: the last answer and how likely it was, or why there is none."""
    if now.trouble:
        return now.trouble
    shares = [] if now.probability is None else [f"{now.probability:.2f}"]
    return " ".join([*([now.answer] if now.answer else []), *shares])


def _show(data: bytes, json: bool, text: str) -> None:
    if json:
        say.line(msgspec.to_builtins(msgspec.json.decode(data, type=WatchInfo)))
    else:
        say.console.print(say.escape(text))


def _path(name: str) -> str:
    return f"/v1/watches/{quote(name, safe='')}"


def _asked(ask: Callable[[], T]) -> T:
    """Leaves with 2 for what the server refuses, or when there is none."""
    with leaving(msgspec.DecodeError):
        return ask()
