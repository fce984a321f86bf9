"""What a front has where shards may join: the table, the shards, the cameras that they are given."""

from dataclasses import dataclass

from askcam.cluster.front.joined.events import KeptEvents
from askcam.cluster.front.joined.judged_watches import JudgedAtFront
from askcam.cluster.front.joined.key import ShardKey
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.joined.passing import ToLeader
from askcam.cluster.front.joined.shards import JoinedShards
from askcam.cluster.front.joined.starting import StartedShards
from askcam.cluster.front.joined.wanting import WantedCameras
from askcam.server.lifecycle import ServerPart


@dataclass(frozen=True, slots=True)
class JoinedRoom:
    """Owned by the event loop."""

    table: ClusterTable
    shards: JoinedShards
    wanted: WantedCameras
    key: ShardKey
    events: KeptEvents
    judged: JudgedAtFront
    leader: ToLeader
    started: StartedShards | None = None  # where the front has shards started

    def parts(self) -> dict[str, ServerPart]:
        """By name, in the order in which they are opened."""
        found: dict[str, ServerPart] = {
            "the table of cameras": self.table,
            "the events that are delivered": self.events.commits,
            "the cameras that are given to shards": self.wanted,
            "the shards that have joined": self.shards,
            "what is passed on to the leader": self.leader,
        }
        return found if self.started is None else {**found, "the shards that are started": self.started}
