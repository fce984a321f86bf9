"""What Prometheus sees at /metrics. Questions are counted as they end; cameras are read only when somebody scrapes."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcam.client.protocol import ErrorBody
from askcam.engine.question import Timings, Usage
from askcam.server.cameras import Cameras
from askcam.server.evidence.writer import Stats
from askcam.stream.health import Health
from askcam.stream.states import State
from askcam.stream.status import CameraStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PUSHED = "push"  # label of all private cameras together: their names are secrets, and no two are the same
MAX_CAMERA_LABELS = 256  # of questions; cameras named after so many others are counted as "other"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Watched(Protocol):
    """What is wanted of a camera; stream.Camera is one."""

    @property
    def name(self) -> str: ...

    def status(self) -> CameraStatus: ...


class Metrics:
    """One registry of its own. Owned by the event loop. `cameras` gives all that are open, private ones too;
    `evidence` says how the writing of it goes, where it is kept."""

    def __init__(
        self, cameras: Callable[[], Iterable[Watched]] = lambda: (), evidence: Callable[[], Stats] | None = None
    ) -> None:
        self._registry = registry = CollectorRegistry()
        self._labels: set[str] = set()
        self._questions = Counter(
            "askcam_questions", "Questions answered, by how the answer ended.", ["camera", "outcome"], registry=registry
        )
        self._refused = Counter(
            "askcam_questions_refused", "Questions refused or failed, by error code.", ["code"], registry=registry
        )
        self._first_token = Histogram(
            "askcam_first_token_seconds",
            "From the engine's receipt of a question to its first token.",
            ["camera"],
            buckets=SECONDS,
            registry=registry,
        )
        self._frame_age = Histogram(
            "askcam_answer_frame_age_seconds",
            "Age of the newest frame that an answer saw, at its first token.",
            ["camera"],
            buckets=SECONDS,
            registry=registry,
        )
        self._stages = Histogram(
            "askcam_stage_seconds", "Where answers spend their time.", ["stage"], buckets=SECONDS, registry=registry
        )
        self._tokens = Counter("askcam_tokens", "Tokens read and written.", ["kind"], registry=registry)
        self._calls = Counter(
            "askcam_tool_calls", "Calls of server-side tools.", ["tool", "outcome"], registry=registry
        )
        self._sessions = Gauge("askcam_sessions", "Realtime connections now.", registry=registry)
        self._parked = Gauge(
            "askcam_sessions_parked",
            "Realtime sessions whose connection was lost, kept for a while.",
            registry=registry,
        )
        self._resumed = Counter(
            "askcam_sessions_resumed",
            "Clients that came back to a session, by what came of it.",
            ["outcome"],
            registry=registry,
        )
        self._requests = Counter(
            "askcam_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=registry
        )
        registry.register(_Cameras(cameras))
        if evidence is not None:
            registry.register(_Evidence(evidence))

    @property
    def registry(self) -> CollectorRegistry:
        """Where other rooms put what they count."""
        return self._registry

    def answered(
        self, camera: str | None, outcome: str, timings: Timings, usage: Usage, frame_age_s: float | None = None
    ) -> None:
        """Count an answer that came about, a cancelled one too. `camera` is None for attached pictures."""
        label = self._label(camera)
        self._questions.labels(label, outcome).inc()
        self._tokens.labels("prompt").inc(usage.prompt_tokens)
        self._tokens.labels("vision").inc(usage.vision_tokens)
        self._tokens.labels("cached").inc(usage.cached_tokens)
        self._tokens.labels("completion").inc(usage.completion_tokens)
        self._stages.labels("wait").observe(timings.wait_s)
        if usage.completion_tokens == 0:
            return  # cancelled before its first token: the other stages did not take place
        for stage, seconds in (
            ("preprocess", timings.preprocess_s),
            ("vision", timings.vision_s),
            ("prefill", timings.prefill_s),
            ("decode", timings.decode_s),
        ):
            self._stages.labels(stage).observe(seconds)
        self._first_token.labels(label).observe(timings.first_token_s)
        if frame_age_s is not None:
            self._frame_age.labels(label).observe(frame_age_s)

    def called(self, tool: str, error: ErrorBody | None) -> None:
        """Count a server-side call; `tool` "" for one that there is not."""
        self._calls.labels(tool or "unknown", "ok" if error is None else error.code or error.type).inc()

    def refused(self, code: str) -> None:
        """Count a question that got an error instead of an answer."""
        self._refused.labels(code).inc()

    def requested(self, method: str, route: str, status: int) -> None:
        """Count an HTTP request by its route's pattern, never by its path."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Count a realtime connection for as long as the block runs."""
        self._sessions.inc()
        try:
            yield
        finally:
            self._sessions.dec()

    def parked(self, num_sessions: int) -> None:
        """So many sessions wait for their clients now."""
        self._parked.set(num_sessions)

    def resumed(self, outcome: str) -> None:
        """Count a client that came back: "resumed", or the code of its refusal."""
        self._resumed.labels(outcome).inc()

    def render(self) -> bytes:
        """Everything in Prometheus's text format (CONTENT_TYPE)."""
        return generate_latest(self._registry)

    def _label(self, camera: str | None) -> str:
        if camera is None:
            return ""
        label = PUSHED if Cameras.private(camera) else camera
        if label not in self._labels and len(self._labels) >= MAX_CAMERA_LABELS:
            return "other"
        self._labels.add(label)
        return label


class _Cameras(Collector):
    """Reads every camera's status once per scrape, so that no frame pays for being counted twice."""

    def __init__(self, cameras: Callable[[], Iterable[Watched]]) -> None:
        self._cameras = cameras

    def describe(self) -> Iterable[Metric]:
        return ()  # registering must not look at cameras

    def collect(self) -> Iterator[Metric]:
        every = list(self._cameras())
        public = [(camera.name, camera.status()) for camera in every if not Cameras.private(camera.name)]
        pushed = GaugeMetricFamily("askcam_pushed_cameras", "Private cameras pushed over connections now.")
        pushed.add_metric([], len(every) - len(public))
        yield pushed
        yield from _counts(public)
        yield from _gauges(public)


class _Evidence(Collector):
    """Reads how the writing goes once per scrape."""

    def __init__(self, stats: Callable[[], Stats]) -> None:
        self._stats = stats

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        stats = self._stats()
        records = CounterMetricFamily(
            "askcam_evidence_records", "Records of answers, by what became of them.", labels=["outcome"]
        )
        for outcome in ("stored", "dropped", "failed"):
            records.add_metric([outcome], getattr(stats, outcome))
        yield records
        yield GaugeMetricFamily("askcam_evidence_waiting", "Records that wait to be written.", value=stats.waiting)
        yield GaugeMetricFamily("askcam_evidence_answers", "Answers whose evidence is kept.", value=stats.answers)
        yield GaugeMetricFamily("askcam_evidence_bytes", "Bytes of kept records and pictures.", value=stats.bytes)


def _counts(cameras: list[tuple[str, CameraStatus]]) -> Iterator[Metric]:
    decoded = CounterMetricFamily("askcam_camera_frames_decoded", "Frames decoded.", labels=["camera"])
    sampled = CounterMetricFamily("askcam_camera_frames_sampled", "Frames sampled for the window.", labels=["camera"])
    pairs = CounterMetricFamily(
        "askcam_camera_pairs", "Pairs of sampled frames: kept, or left out as still.", labels=["camera", "outcome"]
    )
    dropped = CounterMetricFamily("askcam_camera_frames_dropped", "Frames dropped.", labels=["camera", "reason"])
    reconnects = CounterMetricFamily("askcam_camera_reconnects", "Times it was opened again.", labels=["camera"])
    for name, status in cameras:
        decoded.add_metric([name], status.decoded)
        sampled.add_metric([name], status.sampled)
        pairs.add_metric([name, "kept"], status.pairs_kept)
        pairs.add_metric([name, "still"], status.pairs_still)
        reconnects.add_metric([name], status.reconnects)
        for reason, count in status.dropped.items():
            dropped.add_metric([name, reason], count)
    yield from (decoded, sampled, pairs, dropped, reconnects)


def _gauges(cameras: list[tuple[str, CameraStatus]]) -> Iterator[Metric]:
    state = GaugeMetricFamily("askcam_camera_state", "1 for the state it is in.", labels=["camera", "state"])
    health = GaugeMetricFamily("askcam_camera_health", "1 for what is wrong with it.", labels=["camera", "health"])
    age = GaugeMetricFamily("askcam_camera_frame_age_seconds", "Age of its newest decoded frame.", labels=["camera"])
    stuck = GaugeMetricFamily("askcam_camera_readers_abandoned", "Readers stuck in a driver now.", labels=["camera"])
    for name, status in cameras:
        for each in State:
            state.add_metric([name, each.value], status.state is each)
        for flag in Health:
            health.add_metric([name, flag.value], flag in status.health)
        if status.frame_age_s is not None:
            age.add_metric([name], status.frame_age_s)
        stuck.add_metric([name], status.abandoned)
    yield from (state, health, age, stuck)


class CountRequests:
    """ASGI: counts every HTTP request by route and status. Goes outside the doors, so that their refusals count."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # what a client sees when the app ends without an answer

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, heard)
        finally:
            # No route: refused at the door, or nothing is there.
            self.metrics.requested(scope["method"], getattr(scope.get("route"), "path", "none"), status)
