"""Being a front's shard, plugged in: [shard]."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.cluster.shard.config import SECTION, ShardSettings, check_shard, read_shard, with_shard_flags
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.cluster.shard.running import ShardRunning

    return ShardRunning(core, given)


FEATURE = Feature(
    name="shard",
    sections={
        SECTION: Section(
            read_shard,
            ShardSettings,
            check_shard,
            flags=with_shard_flags,
            secrets=lambda settings: [("token", [settings.token] if settings.token else [])],
        )
    },
    build=build,
)
