"""What a target of [notify.NAME] is told to do, and which events are for it. Checked as it is made. Pure."""

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args, get_type_hints

from msgspec import Meta

from askcam.client.watches import WatchEvent
from askcam.features.events.severity import Severity
from askcam.features.notify.signing import read_secrets
from askcam.features.notify.words import AUTO, LANGUAGES
from askcam.server.attached.allowed import HostPlace, place_of

KINDS: tuple[str, ...] = get_args(get_type_hints(WatchEvent)["kind"])
RANK = {severity.value: rank for rank, severity in enumerate(Severity)}  # the higher the graver
MAX_URLS = 16
EXAMPLE = 'webhook = "https://house.example/askcam", or apprise = ["ntfy://my-topic"]'

Timeout = Annotated[float, Meta(ge=1, le=60)]
Day = Annotated[float, Meta(ge=60, le=30 * 86_400)]


@dataclass(frozen=True, slots=True)
class NotifySetting:
    """One target. Raises ValueError, naming the field first and never showing an address or a secret."""

    webhook: str | None = field(default=None, repr=False)  # one address ...
    secret: str | None = field(default=None, repr=False)  # ... and what its requests are signed with
    apprise: tuple[str, ...] = field(default=(), repr=False)  # ... or URLs of push services, as Apprise has them
    watches: tuple[str, ...] = ()  # only of these; then no events of cameras themselves
    cameras: tuple[str, ...] = ()  # only of these
    kinds: tuple[str, ...] = ()  # only of these
    min_severity: Literal["info", "warning", "critical"] = "info"  # only these and graver ones
    picture: bool | None = None  # send it along; None: push services get it, webhooks its address
    language: str = AUTO  # of push messages; auto: the question's
    timeout_s: Timeout = 15.0  # for one try
    give_up_s: Day = 86_400.0  # an event that was tried for so long is a dead letter

    def __post_init__(self) -> None:
        if (self.webhook is None) == (not self.apprise):
            raise ValueError(f"a target leads to one thing: {EXAMPLE}")
        if self.webhook is not None:
            try:
                place_of(self.webhook)
            except ValueError as exc:
                raise ValueError(f"webhook is no address to send to: {exc}") from exc
            read_secrets(self.secret)
        elif self.secret is not None:
            raise ValueError("secret is of webhooks: leave it out, push services have theirs in their URLs")
        if len(self.apprise) > MAX_URLS or len(set(self.apprise)) < len(self.apprise):
            raise ValueError(f"apprise must name up to {MAX_URLS} URLs, each once")
        if self.language not in LANGUAGES:
            raise ValueError(f"language is {self.language!r}; known: {', '.join(LANGUAGES)}")
        for kind in self.kinds:
            if kind not in KINDS:
                raise ValueError(f"kinds names {kind!r}; known: {', '.join(KINDS)}")

    @property
    def place(self) -> HostPlace | None:
        return None if self.webhook is None else place_of(self.webhook)

    @property
    def with_picture(self) -> bool:
        return self.webhook is None if self.picture is None else self.picture

    def wants(self, event: WatchEvent) -> bool:
        """Whether an event is for this target."""
        return (
            (not self.watches or event.watch in self.watches)
            and (not self.cameras or event.camera in self.cameras)
            and (not self.kinds or event.kind in self.kinds)
            and RANK[event.severity] >= RANK[self.min_severity]
        )
