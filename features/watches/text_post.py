"""A text watch's post at one camera: what it says, and the events that come of a change."""

from dataclasses import dataclass

from askcam.client.watches import WatchEvent, WatchNow
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.text import Saying, tidy
from askcam.server.model import Model
from askcam.server.saw import seen_window
from askcam.server.wire.moments import rfc3339
from askcam.stream.window import View


@dataclass(slots=True, eq=False)
class TextPost:
    """Owned by the event loop."""

    name: str
    camera: str
    setting: WatchSetting
    model: Model  # that looks
    watch: Saying
    read_at: str | None = None  # capture time of the newest frame that an answer saw
    trouble: str | None = None  # why the last moment was blind
    settled: bool = False  # its first text has just held: to be kept, and not told

    def read(self, answer: str, view: View, health: tuple[str, ...], at_wall: float) -> WatchEvent | None:
        """A generated answer; `at_wall` is now, seconds since the epoch. Returns what is to be told, yet without id."""
        frame, text = view.newest, tidy(answer)
        if health and self.setting.only_when_healthy:
            self.miss(f"the picture is {' and '.join(health)}", frame.mono, frame.wall)
            return None
        if not text:
            self.miss("the model answers nothing: ask for what can be read", frame.mono, frame.wall)
            return None
        self.trouble, self.read_at = None, rfc3339(frame.wall)
        change = self.watch.see(text, frame.mono, frame.wall)
        if change is None:
            return None
        if change.before is None:
            self.settled = True
            return None
        return WatchEvent(
            id=0,
            kind="changed",
            watch=self.name,
            camera=self.camera,
            severity=self.setting.severity.value,
            at=rfc3339(at_wall),
            frame_at=rfc3339(frame.wall),
            question=self.setting.question,
            answer=change.after,
            before_answer=change.before,
            window=seen_window(view),
        )

    def miss(self, trouble: str, at: float, wall: float) -> None:
        """A blind moment, and why; `at` is steady."""
        self.trouble = trouble
        self.watch.see(None, at, wall)

    def now(self) -> WatchNow:
        """How it stands."""
        watch = self.watch
        return WatchNow(self.camera, watch.state.value, None, watch.said, self.read_at, self.trouble)
