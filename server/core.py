"""What every room of the server may lean on, in one value that the composition root builds."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from askcam.server.access.auth import Auth
from askcam.server.access.doorway import enter
from askcam.server.access.limits import Limits, too_many
from askcam.server.access.places import PlacesOf
from askcam.server.access.proxies import TrustedProxies
from askcam.server.access.rates import Rates
from askcam.server.access.shares import Places, client_of
from askcam.server.access.sign_in import SignInRules
from askcam.server.access.viewer import Viewer
from askcam.server.access.visited import Visitors
from askcam.server.access.visits import Visits
from askcam.server.answers import Answers
from askcam.server.asking import Asking
from askcam.server.attached.decoding import Decoding
from askcam.server.attached.fetching import Fetcher
from askcam.server.cameras import Cameras
from askcam.server.extension import Extension
from askcam.server.kept_answers import Archive
from askcam.server.lifecycle import ServerPart
from askcam.server.metrics import Metrics
from askcam.server.model import Model
from askcam.server.models import Models
from askcam.server.pictures import Pictures
from askcam.server.running import Running
from askcam.server.sessions import Sessions
from askcam.server.storage.health import Storage
from askcam.server.tools.box import Toolbox
from askcam.server.tools.mcp_servers import McpServers


@dataclass(frozen=True, slots=True)
class Core:
    """All of it is owned by the event loop."""

    models: Models
    cameras: Cameras
    asking: Asking
    answers: Answers
    pictures: Pictures
    auth: Auth
    metrics: Metrics
    limits: Limits
    questions: Rates  # per client
    pushed_frames: Rates  # per client
    places: PlacesOf
    visits: Visits = field(default_factory=Visits)
    sign_in: SignInRules | None = None  # whom a proxy may name
    ignored_names: Counter[str] = field(default_factory=Counter)  # that were not believed, by reason
    storage: Storage = field(default_factory=Storage)
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    tools: Toolbox = field(default_factory=Toolbox)
    mcp: McpServers = field(default_factory=lambda: McpServers({}, Toolbox()))
    archives: list[Archive] = field(default_factory=list)  # where answers are kept for longer
    fetcher: Fetcher = field(default_factory=Fetcher)  # of pictures in messages; from nowhere, unless the config says
    decoding: Decoding = field(default_factory=Decoding)  # of pictures in messages
    sessions: Sessions = field(default_factory=Sessions)  # realtime ones
    realtime: list[Extension] = field(default_factory=list)  # what features add to them
    visitors: list[Visitors] = field(default_factory=list)  # are told of what people do
    features: dict[str, Running] = field(default_factory=dict)  # what is plugged in, by name
    urls: list[str] = field(default_factory=list)  # where it listens, once it does
    ending: asyncio.Event = field(default_factory=asyncio.Event)  # set once the server ends: streams do so, too

    @property
    def model(self) -> Model:
        """The usual one."""
        return self.models.usual

    def model_of(self, name: str, viewer: Viewer, wanted: str | None = None) -> Model:
        """Which model answers under a name of GET /v1/models, or the one that is `wanted`; of names that are nobody's,
        the usual one, since whoever is asked refuses them."""
        if wanted in self.models:
            return self.models.get(wanted)
        if self.cameras.has(name, viewer):
            return self.cameras.model(name)
        return self.models.get(name) if name in self.models else self.models.usual

    def admit_question(self, conn: HTTPConnection) -> None:
        """Count one question of this client. Raises TooMany when it asks too fast."""
        wait_s = self.questions.take(client(conn), time.monotonic())
        if wait_s > 0:
            raise too_many("questions", wait_s)

    def enter(self, places: Places, conn: HTTPConnection) -> None:
        """As doorway.enter(). Raises TooMany."""
        enter(places, conn)

    def parts(self) -> dict[str, ServerPart]:
        """By name, in the order in which they are opened: what is closed first may still lean on what comes before."""
        return {
            "the MCP servers": self.mcp,
            "the fetching of pictures": self.fetcher,
            "the decoding of pictures": self.decoding,
            "the models": self.models,
            **{the_feature(name): running for name, running in self.features.items()},
            "the cameras": self.cameras,
            "the realtime sessions": self.sessions,
        }

    def end_streams(self) -> None:
        """The server ends: what would go on for ever is over now, so that nobody waits for it."""
        self.ending.set()
        for running in self.features.values():
            running.end_streams()

    def questions_left(self, conn: HTTPConnection) -> tuple[int, int, float]:
        """How many questions a client may ask at once, how many of them now, and the seconds until it is all again."""
        left, full_s = self.questions.left(client(conn), time.monotonic())
        return int(self.questions.rate.burst), int(left), full_s

    def admit_frame(self, conn: HTTPConnection) -> bool:
        """Count one pushed frame of this client; False when it comes too fast and is to be dropped."""
        return self.pushed_frames.take(client(conn), time.monotonic()) == 0


def client(conn: HTTPConnection) -> str:
    """Under which key a client's rates are counted."""
    return client_of(conn).key


def the_feature(name: str) -> str:
    """What it is called among the server's parts."""
    return f"the feature {name!r}"
