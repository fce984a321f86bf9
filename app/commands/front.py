"""askcam front: one address before several servers, until Ctrl-C."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from askcam.app.commands.ending import stop_on_signals
from askcam.app.features import FEATURES
from askcam.cluster.front.config import FrontConfig, load, with_flags, with_shards, with_tokens
from askcam.cluster.front.serving import serving
from askcam.server import logs
from askcam.server.access.auth import notices
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.reasons import reason_in
from askcam.server.terminal.words import Words
from askcam.server.terminal.words import told as general

told = Words(__name__)


def front(
    file: Path | None, shards: Sequence[str], server: Mapping[str, Any], env: Mapping[str, str], *, json: bool = False
) -> None:
    """Blocks until Ctrl-C or SIGTERM. Leaves with 2 for what the user can mend, 0 after a clean end. `shards`: each
    "NAME=URL"; `server`: what the command line says of [server]."""
    logs.begin()
    with leaving():
        config = with_flags(with_shards(load(file, env), shards), server)
        asyncio.run(_front(with_tokens(config, env), json))


async def _front(config: FrontConfig, json: bool) -> None:
    brought = {feature.name: feature.at_front() for feature in FEATURES if feature.at_front is not None}
    async with serving(config, brought) as running:
        stop_on_signals(running.stop)
        for text in notices(config.server.host, bool(config.server.tokens), config.server.tls):
            say.errors.print(f"[yellow]{general('note')}[/] {say.escape(reason_in(text))}")
        if json:
            say.line({"event": "listening", "url": running.url})
        else:
            say.console.print(told("listening", url=f"[bold]{running.url}[/]"))
        await running.seen()
        shards = running.core.directory.shards
        if json:
            states = {shard.name: shard.health.state.value for shard in shards}
            say.line({"event": "ready", "url": running.url, "shards": states})
        else:
            for shard in shards:
                where, cameras = shard.config.address.http, ", ".join(shard.cameras) or "-"
                what = told("front.up", shard=shard.name, url=where, cameras=cameras) if shard.up else ""
                say.console.print(what or told("front.down", shard=shard.name, url=where, reason=shard.health.why))
        await running.ended()
