"""askcam front remove: a shard that is lost does not come back, and nothing is looked for there any more."""

from pathlib import Path
from urllib.parse import quote

from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.reach import reach
from askcam.server.terminal.words import Words

told = Words(__name__)


def remove_shard(shard: str, url: str, token: str | None, ca: Path | None, json: bool) -> None:
    """Asks a running front. Leaves with 2 for what it refuses."""
    http = reach(url, token, ca)
    with leaving():
        http.request(f"/v1/shards/{quote(shard, safe='')}", "DELETE")
    if json:
        say.line({"removed": shard})
    else:
        say.console.print(told("front.removed", shard=shard))
