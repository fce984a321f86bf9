"""`askcam watch …`: list, add, change, remove, proposals, confirm, events. All talk to a running server."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from askcam.client.http import Http
from askcam.server.feature import Program
from askcam.server.terminal.flags import URL, Ca, Json, Url
from askcam.server.terminal.words import Words

told = Words(__name__)


def group(program: Program) -> typer.Typer:
    """The commands of `askcam watch`, made if there are none yet."""
    return program.group("watch", told("help.watch"))


def _options() -> dict[str, Any]:
    """Options that say what a watch is, by the field that each sets; `add` and `change` have them all."""
    return {
        "kind": Annotated[str | None, typer.Option("--kind", help=told("help.watch.kind"))],
        "choices": Annotated[list[str] | None, typer.Option("--choice", help=told("help.watch.choice"))],
        "on_when": Annotated[list[str] | None, typer.Option("--on-when", help=told("help.watch.on_when"))],
        "every_s": Annotated[float | None, typer.Option("--every-s", help=told("help.watch.every_s"))],
        "window_s": Annotated[float | None, typer.Option("--window-s", help=told("help.watch.window_s"))],
        "on": Annotated[float | None, typer.Option("--on", help=told("help.watch.on"))],
        "off": Annotated[float | None, typer.Option("--off", help=told("help.watch.off"))],
        "for_s": Annotated[float | None, typer.Option("--for-s", help=told("help.watch.for_s"))],
        "cooldown_s": Annotated[float | None, typer.Option("--cooldown-s", help=told("help.watch.cooldown_s"))],
        "quiet": Annotated[list[str] | None, typer.Option("--quiet", help=told("help.watch.quiet"))],
        "time_zone": Annotated[str | None, typer.Option("--time-zone", help=told("help.watch.time_zone"))],
        "severity": Annotated[str | None, typer.Option("--severity", help=told("help.watch.severity"))],
    }


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options, before its `url`; they come as its `fields`, None where they are not named."""
    own = inspect.signature(command, eval_str=True)
    names = list(own.parameters)
    at = names.index("url")
    options = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=kind)
        for name, kind in _options().items()
    ]
    parameters = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    parameters[at:at] = options
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def add_commands(program: Program) -> None:
    app = group(program)
    Name = Annotated[str, typer.Argument(help=told("help.watch.name"))]

    @app.command("list", help=told("help.watch.list"))
    def listed(url: Url = URL, ca: Ca = None, json: Json = False) -> None:
        """All watches, and how each stands on each camera."""
        from askcam.features.watches import commands

        commands.show_all(_server(url, ca), json)

    @app.command("show", help=told("help.watch.show"))
    def show(name: Name, url: Url = URL, ca: Ca = None, json: Json = False) -> None:
        """One watch: how it stands, and what was judged of it."""
        from askcam.features.watches import commands

        commands.show(_server(url, ca), name, json)

    @app.command("judge", help=told("help.watch.judge"))
    def judge(
        event: Annotated[int, typer.Argument(min=0, help=told("help.watch.event"))],
        verdict: Annotated[str, typer.Argument(metavar="right|wrong|none", help=told("help.watch.verdict"))],
        note: Annotated[str | None, typer.Option("--note", help=told("help.watch.note"))] = None,
        url: Url = URL,
        ca: Ca = None,
        json: Json = False,
    ) -> None:
        """Say of an event whether it was so."""
        from askcam.features.watches import cli_events as command

        said = {"verdict": None if verdict == "none" else verdict, "note": note}
        command.judge(_server(url, ca), event, said, json)

    @app.command("add", help=told("help.watch.add"))
    @_with_options
    def add(
        name: Name,
        question: Annotated[str, typer.Argument(help=told("help.watch.question"))],
        camera: Annotated[list[str], typer.Option("--camera", help=told("help.watch.camera"))],
        url: Url = URL,
        ca: Ca = None,
        json: Json = False,
        **fields: Any,
    ) -> None:
        """Ask a standing question from now on."""
        from askcam.features.watches import commands

        asked = {"question": question, "cameras": camera, **fields}
        commands.add(_server(url, ca, admin=True), name, _given(asked), json)

    @app.command("change", help=told("help.watch.change"))
    @_with_options
    def change(
        name: Name,
        question: Annotated[str | None, typer.Option("--question", help=told("help.watch.question"))] = None,
        camera: Annotated[list[str] | None, typer.Option("--camera", help=told("help.watch.camera"))] = None,
        enabled: Annotated[bool | None, typer.Option("--enable/--disable", help=told("help.watch.enabled"))] = None,
        url: Url = URL,
        ca: Ca = None,
        json: Json = False,
        **fields: Any,
    ) -> None:
        """Change what is named, and nothing else."""
        from askcam.features.watches import commands

        asked = {"question": question, "cameras": camera, "enabled": enabled, **fields}
        commands.change(_server(url, ca, admin=True), name, _given(asked), json)

    @app.command("remove", help=told("help.watch.remove"))
    def remove(name: Name, url: Url = URL, ca: Ca = None) -> None:
        """Ask no more; its events stay."""
        from askcam.features.watches import commands

        commands.remove(_server(url, ca, admin=True), name)

    @app.command("proposals", help=told("help.watch.proposals"))
    def proposals(url: Url = URL, ca: Ca = None, json: Json = False) -> None:
        """What was proposed and waits for a yes."""
        from askcam.features.watches import commands

        commands.show_proposals(_server(url, ca, admin=True), json)

    @app.command("confirm", help=told("help.watch.confirm"))
    def confirm(
        proposal: Annotated[str, typer.Argument(help=told("help.watch.proposal"))], url: Url = URL, ca: Ca = None
    ) -> None:
        """Carry it out."""
        from askcam.features.watches import commands

        commands.confirm(_server(url, ca, admin=True), proposal)

    @app.command("events", help=told("help.watch.events"))
    def events(
        follow: Annotated[bool, typer.Option("--follow", help=told("help.watch.follow"))] = False,
        watch: Annotated[str | None, typer.Option("--watch", help=told("help.watch.of_watch"))] = None,
        camera: Annotated[str | None, typer.Option("--camera", help=told("help.watch.of_camera"))] = None,
        since: Annotated[str | None, typer.Option("--since", help=told("help.watch.since"))] = None,
        limit: Annotated[int, typer.Option("--limit", min=1, max=500, help=told("help.watch.limit"))] = 50,
        url: Url = URL,
        ca: Ca = None,
        json: Json = False,
    ) -> None:
        """What watches have told; with --follow, what they tell, until Ctrl-C."""
        from askcam.features.watches import cli_events as command

        wanted = command.WantedEvents(watch, camera, since, limit)
        command.events(_server(url, ca), wanted, follow, json)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _server(url: str, ca: Path | None, admin: bool = False) -> Http:
    """Where it is, with a token of the environment: an admin's where one is needed and there is one."""
    from askcam.server.terminal.reach import reach

    token = os.environ.get("ASKCAM_TOKEN")
    return reach(url, (os.environ.get("ASKCAM_ADMIN_TOKEN") or token) if admin else token, ca)
