"""What `askcam serve` says of its cameras: which are live, which are not and why; how often is bounded."""

import asyncio
import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from askcam.client.protocol import CameraInfo
from askcam.server.camera_names import private
from askcam.server.cameras import Cameras
from askcam.server.terminal import say
from askcam.server.terminal.reasons import reason_in
from askcam.server.terminal.words import Words
from askcam.stream.camera import StateChange
from askcam.stream.states import State

told = Words(__name__)

TICK_S = 0.25
STEADY_S = 2.0  # a camera is live for so long before it is called so: by then its rate is known
STALLED_S = 3.0  # ... and silent for so long; a shorter hitch is not worth a line
PATIENCE_S = 10.0  # a camera that is still connecting then gets its first line
MAX_LINES = 4  # of one camera in WINDOW_S; what comes beyond is counted and summed up
WINDOW_S = 60.0
MAX_WAITING = 256  # lines that a blocked terminal has not taken; more are dropped


@dataclass(frozen=True, slots=True)
class CameraLine:
    """One thing to be said of a camera. `changes`: how many came before it that nothing was said of."""

    camera: str
    state: State
    reason: str | None = None
    changes: int = 0


@dataclass(slots=True)
class _Known:
    """One camera, as far as it was told of."""

    state: State
    reason: str | None
    since: float
    told: tuple[State, str | None] | None = None  # what the last line said
    lines: deque[float] = field(default_factory=deque)  # when lines were said, of the last WINDOW_S
    unsaid: int = 0


class CameraLines:
    """Decides what is said of which camera, and when. Pure; times in seconds on one clock. Bounded by the cameras."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def changed(self, camera: str, state: State, reason: str | None, now: float) -> None:
        """A camera is there, or became something else."""
        known = self._known.get(camera)
        if known is None:
            self._known[camera] = _Known(state, reason, now)
            return
        if state is not known.state:
            quiet = known.state is State.STALLED  # on the way to a loss, or a hitch
            if known.told is not None and known.told[0] is not known.state and not quiet:
                known.unsaid += 1  # what it was in between is over, and nobody heard of it
            known.since = now
        known.state, known.reason = state, reason

    def removed(self, camera: str) -> None:
        self._known.pop(camera, None)

    def due(self, now: float) -> Iterator[CameraLine]:
        """What is to be said by now."""
        for name, known in self._known.items():
            wait_s = {State.LIVE: STEADY_S, State.STALLED: STALLED_S, State.CONNECTING: PATIENCE_S}.get(
                known.state, 0.0
            )
            if now - known.since < wait_s or not _news(known):
                continue
            while known.lines and now - known.lines[0] >= WINDOW_S:
                known.lines.popleft()
            if len(known.lines) >= MAX_LINES:
                continue  # said when the oldest line is WINDOW_S old, as it stands then
            known.lines.append(now)
            known.told = (known.state, known.reason)
            unsaid, known.unsaid = known.unsaid, 0
            yield CameraLine(name, known.state, known.reason, unsaid)


def _news(known: _Known) -> bool:
    if known.told is None:
        return True
    state, reason = known.told
    if known.state is not state:
        # Silent, lost, silent: one trouble with one line, unless its reason says more.
        return not (known.state is State.STALLED and state is State.LOST)
    return known.state in (State.LOST, State.ENDED) and _gist(known.reason) != _gist(reason)


def _gist(reason: str | None) -> str:
    """A reason without the numbers that differ from one try to the next."""
    return "".join(sign for sign in reason or "" if not sign.isdigit())


def words(line: CameraLine, info: CameraInfo | None) -> str:
    """`line` for people, without colour. `info`: the camera as it is now; None when it has gone."""
    if line.state is State.LIVE:
        size = "" if info is None or info.width is None else f"{info.width}x{info.height}"
        fps = "" if info is None or info.fps is None else told("camera.fps", fps=f"{info.fps:g}")
        facts = ", ".join(filter(None, (size, fps)))
        text = told("camera.live", name=line.camera, facts=facts or "?")
    else:
        reason = reason_in(line.reason or "?")
        match line.state:
            case State.ENDED:
                text = told("camera.ended", name=line.camera, reason=reason)
            case State.CONNECTING:
                text = told("camera.waiting", name=line.camera, reason=reason)
            case _:
                text = told("camera.down", name=line.camera, reason=reason)
    return text + (told("camera.flapped", count=line.changes) if line.changes else "")


def _json(line: CameraLine, info: CameraInfo | None) -> dict[str, Any]:
    told_now = info if line.state is State.LIVE else None
    return {
        "event": "camera",
        "camera": line.camera,
        "state": line.state.value,
        "reason": line.reason,
        "width": None if told_now is None else told_now.width,
        "height": None if told_now is None else told_now.height,
        "fps": None if told_now is None else told_now.fps,
        "changes_unsaid": line.changes,
    }


@contextlib.asynccontextmanager
async def telling(cameras: Cameras, json: bool) -> AsyncIterator[None]:
    """Say how the cameras are while the block runs. On the event loop, which no terminal can hold up."""
    lines, mouth = CameraLines(), _Mouth()

    def heard(change: StateChange) -> None:
        if not private(change.camera):
            lines.changed(change.camera, change.new, change.reason, time.monotonic())

    async def watch() -> None:
        seen: set[str] = set()
        while True:
            now = time.monotonic()
            names = set(cameras.names())
            for name in seen - names:
                lines.removed(name)
            for name in names - seen:
                info = cameras.info(name)
                lines.changed(name, State(info.state), info.reason, now)
            seen = names
            for line in list(lines.due(now)):
                info_now = cameras.info(line.camera) if line.camera in names else None
                mouth.say(_json(line, info_now) if json else _spoken(line, info_now))
            await asyncio.sleep(TICK_S)

    stop = cameras.listen(heard)
    task = asyncio.ensure_future(watch())
    try:
        yield
    finally:
        stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        mouth.close()


def _spoken(line: CameraLine, info: CameraInfo | None) -> str:
    colour = "green" if line.state is State.LIVE else "yellow"
    return f"[{colour}]●[/] {say.escape(words(line, info))}"


class _Mouth:
    """Prints in a thread of its own: a terminal that is held (Ctrl-S), or a pipe that nobody reads, blocks only it."""

    def __init__(self) -> None:
        self._lines: queue.Queue[dict[str, Any] | str | None] = queue.Queue(MAX_WAITING)
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="askcam-lines", daemon=True)
        self._thread.start()

    def say(self, line: dict[str, Any] | str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """What waits is said, but a blocked terminal is not waited for."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._thread.join(0.5)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            with contextlib.suppress(OSError, ValueError):  # nobody reads any more
                printer: Callable[[Any], None] = say.line if isinstance(line, dict) else say.console.print
                printer(line)
