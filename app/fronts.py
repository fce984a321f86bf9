"""`askcam front` and its own commands, with their flags."""

import os
from typing import Annotated

import typer

from askcam.server.terminal.flags import URL, Ca, Cert, ConfigFile, Host, Json, Key, Port, Url, given
from askcam.server.terminal.words import Words

told = Words(__name__)

fronts = typer.Typer(help=told("help.front"), invoke_without_command=True)


@fronts.callback()
def front(
    context: typer.Context,
    config: ConfigFile = None,
    shard: Annotated[list[str] | None, typer.Option("--shard", help=told("help.shard"))] = None,
    host: Host = None,
    port: Port = None,
    tls_cert: Cert = None,
    tls_key: Key = None,
    json: Json = False,
) -> None:
    """One address before several servers. Tokens: ASKCAM_TOKEN, ASKCAM_ADMIN_TOKEN; ASKCAM_SHARD_TOKEN towards them."""
    if context.invoked_subcommand is not None:
        return
    from askcam.app.commands import front as command

    server = {"host": host, "port": port, "tls_cert": tls_cert, "tls_key": tls_key}
    command.front(config, shard or [], given(server), os.environ, json=json)


@fronts.command(help=told("help.front.drain"))
def drain(
    shard: Annotated[str, typer.Argument(help=told("help.front.drain.shard"))],
    url: Url = URL,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Have a shard's cameras go to the others. Token: ASKCAM_ADMIN_TOKEN."""
    from askcam.app.commands import drain as command

    command.drain(shard, url, os.environ.get("ASKCAM_ADMIN_TOKEN"), ca, json)


@fronts.command(help=told("help.front.remove"))
def remove(
    shard: Annotated[str, typer.Argument(help=told("help.front.remove.shard"))],
    url: Url = URL,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """A shard that is lost is looked for no more. Token: ASKCAM_ADMIN_TOKEN."""
    from askcam.app.commands import remove_shard as command

    command.remove_shard(shard, url, os.environ.get("ASKCAM_ADMIN_TOKEN"), ca, json)


@fronts.command(name="stop-shards", help=told("help.front.stop_shards"))
def stop_shards(config: ConfigFile = None, json: Json = False) -> None:
    """End the shards that a front had started, on all machines."""
    from askcam.app.commands import stop_shards as command

    command.stop_shards(config, os.environ, json)
