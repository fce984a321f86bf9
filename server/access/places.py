"""All places of this server that are counted per client, built of its limits."""

from dataclasses import dataclass

from askcam.server.access.bodies import Receiving
from askcam.server.access.intake import Intake
from askcam.server.access.limits import Limits
from askcam.server.access.shares import Places


@dataclass(frozen=True, slots=True)
class PlacesOf:
    """Owned by the event loop."""

    requests: Places  # HTTP requests under way, streams among them
    receiving: Receiving  # bytes of their bodies
    intake: Intake  # how fast these and messages are read
    questions: Places  # waiting or being answered
    viewers: Places  # live pictures
    event_streams: Places
    sessions: Places  # realtime connections
    pushed: Places  # private cameras

    @staticmethod
    def of(limits: Limits, max_waiting: int) -> "PlacesOf":
        """`max_waiting`: how many questions the engine lets wait."""
        share = limits.client_share
        return PlacesOf(
            requests=Places("requests", limits.max_requests, share),
            receiving=Receiving(limits.max_receiving_bytes, share),
            intake=Intake(limits.bytes_per_s),
            questions=Places("questions", max_waiting + 1, share, remedy="wait for an answer first"),
            viewers=Places("live pictures", limits.max_viewers, share, remedy="close one, or take snapshots"),
            event_streams=Places(
                "streams of events", limits.max_event_streams, share, remedy="close one, or ask GET /v1/events"
            ),
            sessions=Places("realtime connections", limits.max_sessions, share),
            pushed=Places("pushed cameras", limits.max_pushed_cameras, share),
        )
