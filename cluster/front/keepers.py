"""Which shards keep what came about of a camera: notes and their pictures lie on the disks of all that have had it."""

from collections.abc import Sequence
from dataclasses import dataclass

from askcam.cluster.front.core import FrontCore
from askcam.cluster.front.shards import FrontShard


@dataclass(frozen=True, slots=True)
class Keepers:
    """Owned by the event loop."""

    shards: Sequence[FrontShard]  # that are asked, or are down
    away: Sequence[str]  # names of others, which may come back
    nobody: bool = False  # no shard has had it yet

    def down(self) -> list[str]:
        """Those that cannot be asked now."""
        return [*(shard.name for shard in self.shards if not shard.up), *self.away]


async def keepers_of(core: FrontCore, camera: str | None) -> Keepers:
    """Of a camera that is given to shards those that have had it, as the table knows; of one of a shard's own file that
    shard; of one that nobody has (any more), and of all (None), every shard."""
    directory = core.directory
    had: Sequence[str] | None = None
    if camera is not None and core.joined is not None and directory.table.wants(camera):
        had = await core.joined.table.who_had(camera)
    elif camera is not None and (having := directory.having(camera)):
        return Keepers(having, ())
    if had is None:
        return Keepers(directory.shards, directory.away())
    away = set(directory.away())
    shards = [shard for name in had if (shard := directory.get(name)) is not None]
    return Keepers(shards, [name for name in had if name in away], nobody=not had)
