"""What Prometheus sees at /metrics. Questions are counted as they end; gauges/ has what is read at each scrape."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.registry import Collector

from askcam.client.protocol import ErrorBody
from askcam.engine.question import Timings, Usage
from askcam.server.camera_names import private
from askcam.server.gauges.cameras import CameraGauges, MeasuredCamera
from askcam.server.gauges.guarded import GuardedCollector
from askcam.server.gauges.rendering import method_label, render

PUSHED = "push"  # label of all private cameras together: their names are secrets, and no two are the same
MAX_CAMERA_LABELS = 256  # of questions; cameras named after so many others are counted as "other"
MAX_TOOL_LABELS = 256  # the same of calls: an MCP server may offer other tools every minute
REFUSALS = (
    "busy",
    "camera_unavailable",
    "stale_camera",
    "model_loading",
)  # told from the start, so that the first counts
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """One registry of its own. Owned by the event loop. `cameras` gives all that are open, private ones too: what was
    counted about others goes when it is scraped."""

    def __init__(self, cameras: Callable[[], Iterable[MeasuredCamera]] | None = None) -> None:
        self._registry = registry = CollectorRegistry()
        self._cameras = cameras
        self._camera_labels, self._tool_labels = LabelBudget(MAX_CAMERA_LABELS), LabelBudget(MAX_TOOL_LABELS)
        self._outcomes: set[tuple[str, str]] = set()  # of questions: camera, outcome
        self._questions = Counter(
            "askcam_questions", "Questions answered, by how the answer ended.", ["camera", "outcome"], registry=registry
        )
        self._refused = Counter(
            "askcam_questions_refused", "Questions refused or failed, by error code.", ["code"], registry=registry
        )
        for code in REFUSALS:
            self._refused.labels(code)
        self._first_token = Histogram(
            "askcam_first_token_seconds",
            "From the engine's receipt of a question to its first token.",
            ["camera"],
            buckets=SECONDS,
            registry=registry,
        )
        self._whole = Histogram(
            "askcam_answer_seconds",
            "From the receipt of a question to the end of its answer, tools included.",
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
        self._call_seconds = Histogram(
            "askcam_tool_call_seconds", "How long server-side calls took.", ["tool"], buckets=SECONDS, registry=registry
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
        self._collector_failures = Counter(
            "askcam_collector_failures",
            "Scrapes from which a collector was left out since it failed.",
            ["collector"],
            registry=registry,
        )
        self.register(CameraGauges(cameras or (lambda: ())))

    @property
    def registry(self) -> CollectorRegistry:
        """Where other rooms put what they count."""
        return self._registry

    def answered(
        self,
        camera: str | None,
        outcome: str,
        timings: Timings,
        usage: Usage,
        frame_age_s: float | None = None,
        tools_s: float = 0.0,
    ) -> None:
        """Count an answer that came about, a cancelled one too. `camera` is None for attached pictures; `tools_s` is
        how long it waited for server-side calls."""
        label = self._label(camera)
        self._questions.labels(label, outcome).inc()
        self._outcomes.add((label, outcome))
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
        if tools_s > 0:
            self._stages.labels("tools").observe(tools_s)
        self._first_token.labels(label).observe(timings.first_token_s)
        self._whole.labels(label).observe(timings.total_s)
        if frame_age_s is not None:
            self._frame_age.labels(label).observe(frame_age_s)

    def called(self, tool: str, error: ErrorBody | None, seconds: float) -> None:
        """Count a server-side call; `tool` "" for one that there is not."""
        label = self._tool_labels.of(tool or "unknown")
        self._calls.labels(label, "ok" if error is None else error.code or error.type).inc()
        self._call_seconds.labels(label).observe(seconds)

    def refused(self, code: str) -> None:
        """Count a question that got an error instead of an answer."""
        self._refused.labels(code).inc()

    def requested(self, method: str, route: str, status: int) -> None:
        """Count an HTTP request by its route's pattern, never by its path."""
        self._requests.labels(method_label(method), route, str(status)).inc()

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

    def register(self, *collectors: Collector) -> None:
        """Have others read at each scrape; one that fails is left out of that one, and counted."""
        for collector in collectors:
            self._registry.register(GuardedCollector(collector, self._count_failure))

    def _count_failure(self, collector: str) -> None:
        self._collector_failures.labels(collector).inc()

    def render(self) -> bytes:
        """Everything in Prometheus's text format (gauges/rendering.py has its content type)."""
        self._forget_removed()
        return render(self._registry)

    def _label(self, camera: str | None) -> str:
        if camera is None:
            return ""
        return PUSHED if private(camera) else self._camera_labels.of(camera)

    def _forget_removed(self) -> None:
        """A camera that is gone takes what was counted about it along: a series that nobody adds to stays for ever."""
        if self._cameras is None:
            return
        there = {camera.name for camera in self._cameras()}
        for gone in self._camera_labels.known - there:
            self._camera_labels.known.discard(gone)
            for labels in [each for each in self._outcomes if each[0] == gone]:
                self._questions.remove(*labels)
                self._outcomes.discard(labels)
            for histogram in (self._first_token, self._frame_age, self._whole):
                with contextlib.suppress(KeyError):  # it had no answer with a first token
                    histogram.remove(gone)


class LabelBudget:
    """The values that a label has had, bounded: those after so many are `other`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.known: set[str] = set()

    def of(self, value: str) -> str:
        if value not in self.known and len(self.known) >= self._most:
            return "other"
        self.known.add(value)
        return value
