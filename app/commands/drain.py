"""askcam front drain: have a shard's cameras go to the others, as before an update of it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.reach import reach
from askcam.server.terminal.words import Words

told = Words(__name__)


def drain(shard: str, url: str, token: str | None, ca: Path | None, json: bool) -> None:
    """Asks a running front. Leaves with 2 for what it refuses."""
    http = reach(url, token, ca)
    with leaving():
        reply: Any = msgspec.json.decode(http.request(f"/v1/shards/{quote(shard, safe='')}/drain", "POST"))
    if json:
        say.line(reply)
    elif moving := reply.get("moving"):
        say.console.print(told("front.drained", shard=shard, cameras=", ".join(moving)))
    else:
        say.console.print(told("front.drained.none", shard=shard))
