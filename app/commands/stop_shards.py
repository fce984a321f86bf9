"""askcam front stop-shards: end the shards that a front had started; they go on when the front ends."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from askcam.client.protocol import encode
from askcam.cluster.front.config import check, load, with_tokens
from askcam.cluster.front.joined.starting import STARTER, order_of, starter_env
from askcam.cluster.starting.messages import StarterNews
from askcam.server.config_errors import ConfigError
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.words import Words

WAIT_S = 240.0

told = Words(__name__)


def stop_shards(file: Path | None, env: Mapping[str, str], json: bool) -> None:
    """Asks Ray, whether the front runs or not. Leaves with 2 for what the user can mend."""
    with leaving():
        config = with_tokens(load(file, env), env)
        check(config)
        if not config.cluster.start:
            raise ConfigError(told("front.stop.none"))
        order = encode(order_of(config.cluster, "", stop=True)) + b"\n"
        how = starter_env(config.cluster)
        try:
            done = subprocess.run(STARTER, input=order, capture_output=True, timeout=WAIT_S, env=how, check=False)
        except subprocess.TimeoutExpired as exc:
            raise ConfigError(told("front.stop.late", seconds=f"{WAIT_S:g}")) from exc
        said = [msgspec.json.decode(line, type=StarterNews) for line in done.stdout.splitlines()]
        if not said or not said[-1].done:
            why = said[-1].trouble if said else done.stderr.decode(errors="replace").strip()[-300:]
            raise ConfigError(told("front.stop.failed", reason=why))
    if json:
        say.line({"event": "stopped", "shards": config.cluster.ray.names})
    else:
        say.console.print(told("front.stopped", shards=", ".join(config.cluster.ray.names)))
