"""Who may join. Pure."""

import re
from dataclasses import dataclass

from askcam.cluster.members import Shard, ShardState
from askcam.server.errors import Conflict, TooMany

MAX_SHARDS = 4096
RELEASE = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Expected:
    """What all shards have in common. "": whatever the first one has that is there."""

    model: str = ""
    version: str = ""  # of askcam; 0.1.4 and 0.1.7 go together, 0.2.0 doesn't

    def meet(self, shard: Shard, others: list[Shard]) -> None:
        """Raise Conflict if a shard's answers would not be those of the others. `others`: those that are not lost."""
        model = self.model or next((other.model for other in others), shard.model)
        if shard.model != model:
            raise Conflict(
                f"shard {shard.name} answers by {shard.model!r} and the others by {model!r}: start it with "
                f"--model {model}, or put a front of its own before it",
                "model",
                "other_model",
            )
        version = self.version or next((other.version for other in others), shard.version)
        if release(shard.version) != release(version):
            raise Conflict(
                f"shard {shard.name} is askcam {shard.version} and the front takes {version}: install askcam "
                f"{release(version)} there, or bring the front and the other shards to {release(shard.version)} first",
                "version",
                "other_version",
            )


def release(version: str) -> str:
    """ "0.1" of "0.1.4"; what is no such version stays as it is."""
    found = RELEASE.match(version)
    return found.group() if found else version


def admit(shard: Shard, known: dict[str, Shard], expected: Expected) -> None:
    """Raise Invalid, Conflict or TooMany unless it may join beside those that are known. Another process with a name
    that is taken is the same shard started anew, if it is reached at the same address."""
    shard.check()
    there = known.get(shard.name)
    if there is not None and there.state is not ShardState.LOST:
        if there.instance != shard.instance and there.url != shard.url:
            raise Conflict(
                f"a shard named {shard.name} is there already, at {there.url}, and another one asks for that name "
                f"from {shard.url}: give it a name of its own; if it is the same one at a new address, it is let in "
                "once the old one is lost",
                "name",
                "name_taken",
            )
    elif there is None and len(known) >= MAX_SHARDS:
        raise TooMany(f"there are {MAX_SHARDS} shards: no more can join", code="too_many_shards")
    expected.meet(shard, [each for each in known.values() if each.state is not ShardState.LOST and each is not there])
