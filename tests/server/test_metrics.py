"""What Prometheus sees, parsed as Prometheus does."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from askcam.client.protocol import ErrorBody
from askcam.engine.question import Timings, Usage
from askcam.features.evidence.metrics import EvidenceGauges
from askcam.features.evidence.writer import Stats
from askcam.server.metrics import MAX_CAMERA_LABELS, MAX_TOOL_LABELS, Metrics
from askcam.stream.frame import AgeBasis
from askcam.stream.health import Health
from askcam.stream.states import State
from askcam.stream.status import CameraStatus

TIMINGS = Timings(
    wait_s=0.01, preprocess_s=0.02, vision_s=0.1, prefill_s=0.2, first_token_s=0.33, decode_s=0.5, total_s=0.83
)
USAGE = Usage(prompt_tokens=300, vision_tokens=256, cached_tokens=10, completion_tokens=12)


class Seen:
    """A camera whose status is given."""

    def __init__(self, name: str, status: CameraStatus) -> None:
        self.name, self._status, self.looks = name, status, 0

    def status(self) -> CameraStatus:
        self.looks += 1
        return self._status


def status(state: State = State.LIVE, age_s: float | None = 0.25) -> CameraStatus:
    return CameraStatus(
        state=state,
        reason=None,
        width=640,
        height=480,
        fps=25.0,
        frame_age_s=age_s,
        basis=AgeBasis.CAPTURE,
        health=(Health.DARK,),
        decoded=1000,
        sampled=80,
        pairs_kept=30,
        pairs_still=10,
        dropped={"stale": 3, "late": 1, "still": 20},
        reconnects=2,
        abandoned=1,
    )


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """(name, label values in the order of their names) -> value."""
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_an_answer_is_counted_with_its_tokens_stages_and_ages() -> None:
    metrics = Metrics()
    metrics.answered("lobby", "stop", TIMINGS, USAGE, frame_age_s=0.08)
    metrics.answered("lobby", "stop", TIMINGS, USAGE)
    metrics.answered(None, "length", TIMINGS, USAGE)
    seen = samples(metrics)
    assert seen["askcam_questions_total", ("lobby", "stop")] == 2
    assert seen["askcam_questions_total", ("", "length")] == 1
    assert seen["askcam_tokens_total", ("vision",)] == 3 * 256
    assert seen["askcam_tokens_total", ("completion",)] == 3 * 12
    assert seen["askcam_first_token_seconds_sum", ("lobby",)] == pytest.approx(2 * 0.33)
    assert seen["askcam_answer_frame_age_seconds_count", ("lobby",)] == 1
    for stage, seconds in (("wait", 0.01), ("preprocess", 0.02), ("vision", 0.1), ("prefill", 0.2), ("decode", 0.5)):
        assert seen["askcam_stage_seconds_sum", (stage,)] == pytest.approx(3 * seconds)


def test_an_answer_cancelled_before_its_first_token_counts_no_stage_that_did_not_happen() -> None:
    metrics = Metrics()
    metrics.answered("lobby", "cancelled", Timings(wait_s=0.4), Usage(prompt_tokens=300))
    seen = samples(metrics)
    assert seen["askcam_questions_total", ("lobby", "cancelled")] == 1
    assert seen["askcam_stage_seconds_count", ("wait",)] == 1
    assert ("askcam_stage_seconds_count", ("decode",)) not in seen
    assert ("askcam_first_token_seconds_count", ("lobby",)) not in seen


def test_the_whole_answer_and_its_wait_for_tools_are_timed() -> None:
    metrics = Metrics()
    metrics.answered("lobby", "stop", TIMINGS, USAGE, tools_s=0.25)
    metrics.answered("lobby", "stop", TIMINGS, USAGE)
    seen = samples(metrics)
    assert seen["askcam_answer_seconds_sum", ("lobby",)] == pytest.approx(2 * 0.83)
    assert seen["askcam_stage_seconds_count", ("tools",)] == 1  # the other called none
    assert seen["askcam_stage_seconds_sum", ("tools",)] == pytest.approx(0.25)


def test_calls_are_counted_and_timed_by_tool_and_their_names_are_bounded() -> None:
    metrics = Metrics()
    metrics.called("get_time", None, 0.02)
    metrics.called("get_time", ErrorBody("it took too long", "tool_error", code="timeout"), 5.0)
    metrics.called("", ErrorBody("there is no such tool", "tool_error", code="unknown_tool"), 0.0)
    for i in range(MAX_TOOL_LABELS + 5):
        metrics.called(f"tool_{i}", None, 0.01)
    seen = samples(metrics)
    assert seen["askcam_tool_calls_total", ("ok", "get_time")] == 1
    assert seen["askcam_tool_calls_total", ("timeout", "get_time")] == 1
    assert seen["askcam_tool_calls_total", ("unknown_tool", "unknown")] == 1
    assert seen["askcam_tool_call_seconds_sum", ("get_time",)] == pytest.approx(5.02)
    assert seen["askcam_tool_calls_total", ("ok", "other")] == 5 + 2  # get_time and unknown had their places


def test_a_camera_that_was_removed_takes_its_series_along() -> None:
    cameras = [Seen("lobby", status()), Seen("desk", status())]
    metrics = Metrics(lambda: cameras)
    for name in ("lobby", "desk", "push-1"):
        metrics.answered(name, "stop", TIMINGS, USAGE, frame_age_s=0.1)
    metrics.answered("desk", "cancelled", Timings(), Usage())
    metrics.answered(None, "stop", TIMINGS, USAGE)
    assert 'camera="desk"' in metrics.render().decode()
    cameras.pop()
    text = metrics.render().decode()
    assert 'camera="desk"' not in text
    for kept in ("lobby", "push", ""):
        assert f'askcam_questions_total{{camera="{kept}",outcome="stop"}} 1.0' in text


def test_refusals_are_told_before_the_first_one_so_that_it_counts() -> None:
    seen = samples(Metrics())
    assert all(seen["askcam_questions_refused_total", (code,)] == 0 for code in ("busy", "stale_camera"))


def test_series_do_not_come_twice_with_the_moment_they_began() -> None:
    metrics = Metrics()
    metrics.answered("lobby", "stop", TIMINGS, USAGE)
    assert "_created" not in metrics.render().decode()


def test_refusals_are_counted_by_code() -> None:
    metrics = Metrics()
    for code in ("busy", "busy", "stale_camera"):
        metrics.refused(code)
    seen = samples(metrics)
    assert seen["askcam_questions_refused_total", ("busy",)] == 2
    assert seen["askcam_questions_refused_total", ("stale_camera",)] == 1


def test_sessions_count_for_as_long_as_they_last_also_when_they_fail() -> None:
    metrics = Metrics()

    def broken() -> None:
        with metrics.session():
            assert samples(metrics)["askcam_sessions", ()] == 2
            raise ConnectionError

    with metrics.session():
        with pytest.raises(ConnectionError):
            broken()
        assert samples(metrics)["askcam_sessions", ()] == 1
    assert samples(metrics)["askcam_sessions", ()] == 0


def test_a_scrape_tells_of_every_camera_as_it_is_now() -> None:
    metrics = Metrics(lambda: [Seen("lobby", status()), Seen("desk", status(State.LOST, None))])
    seen = samples(metrics)
    assert seen["askcam_camera_frames_decoded_total", ("lobby",)] == 1000
    assert seen["askcam_camera_frames_sampled_total", ("lobby",)] == 80
    assert seen["askcam_camera_pairs_total", ("lobby", "kept")] == 30
    assert seen["askcam_camera_pairs_total", ("lobby", "still")] == 10
    assert seen["askcam_camera_frames_dropped_total", ("lobby", "stale")] == 3
    assert seen["askcam_camera_frames_dropped_total", ("lobby", "still")] == 20
    assert seen["askcam_camera_reconnects_total", ("lobby",)] == 2
    assert seen["askcam_camera_frame_age_seconds", ("lobby",)] == 0.25
    assert ("askcam_camera_frame_age_seconds", ("desk",)) not in seen
    assert [state for state in State if seen["askcam_camera_state", ("desk", state.value)]] == [State.LOST]
    assert seen["askcam_camera_health", ("lobby", "dark")] == 1
    assert seen["askcam_camera_health", ("lobby", "frozen")] == 0


def test_a_camera_is_looked_at_once_per_scrape_and_never_otherwise() -> None:
    camera = Seen("lobby", status())
    metrics = Metrics(lambda: [camera])
    metrics.answered("lobby", "stop", TIMINGS, USAGE)
    assert camera.looks == 0
    metrics.render()
    assert camera.looks == 1


def test_private_cameras_are_counted_and_never_named() -> None:
    names = [f"push-{i:016x}" for i in range(3)]
    metrics = Metrics(lambda: [Seen(name, status()) for name in (*names, "lobby")])
    for name in names:
        metrics.answered(name, "stop", TIMINGS, USAGE)
    seen = samples(metrics)
    assert seen["askcam_pushed_cameras", ()] == 3
    assert seen["askcam_questions_total", ("push", "stop")] == 3
    assert "push-" not in metrics.render().decode()


def test_cameras_that_come_and_go_do_not_make_the_page_grow_for_ever() -> None:
    metrics = Metrics()
    for i in range(MAX_CAMERA_LABELS + 50):
        metrics.answered(f"camera-{i}", "stop", TIMINGS, USAGE)
    seen = samples(metrics)
    assert seen["askcam_questions_total", ("other", "stop")] == 50
    assert sum(name == "askcam_questions_total" for name, _ in seen) == MAX_CAMERA_LABELS + 1


def test_names_follow_prometheus_conventions() -> None:
    metrics = Metrics(lambda: [Seen("lobby", status())])
    families = list(text_string_to_metric_families(metrics.render().decode()))
    assert families
    for family in families:
        assert re.fullmatch(r"askcam_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        if family.type == "histogram":
            assert family.name.endswith("_seconds")


def test_two_servers_in_one_process_do_not_share_counts() -> None:
    one, other = Metrics(), Metrics()
    one.refused("busy")
    assert samples(one)["askcam_questions_refused_total", ("busy",)] == 1
    assert samples(other)["askcam_questions_refused_total", ("busy",)] == 0


def test_how_the_writing_of_evidence_goes_is_read_at_each_scrape() -> None:
    assert not any(name.startswith("askcam_evidence") for name, _ in samples(Metrics()))
    stats = [Stats(stored=5, dropped=2, failed=1, gone=8, waiting=3, answers=4, bytes=999)]
    metrics = Metrics()
    metrics.register(EvidenceGauges(lambda: stats[-1]))
    stats.append(replace(stats[0], stored=6))
    seen = samples(metrics)
    outcomes = {
        outcome: seen["askcam_evidence_records_total", (outcome,)] for outcome in ("stored", "dropped", "failed")
    }
    assert outcomes == {"stored": 6, "dropped": 2, "failed": 1}
    found = [seen[f"askcam_evidence_{name}", ()] for name in ("gone_total", "waiting", "answers", "bytes")]
    assert found == [8, 3, 4, 999]


class Failing(Collector):
    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("askcam_half", "What came before it failed.", value=1)
        raise RuntimeError("no luck")


def test_a_collector_that_fails_is_left_out_and_counted_and_the_rest_is_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = Metrics()
    metrics.register(Failing(), EvidenceGauges(lambda: Stats(stored=5)))
    metrics.refused("busy")
    seen = samples(metrics)
    assert seen["askcam_evidence_records_total", ("stored",)] == 5
    assert seen["askcam_questions_refused_total", ("busy",)] == 1
    assert ("askcam_half", ()) not in seen
    assert "a collector of metrics failed" in caplog.text
    assert samples(metrics)["askcam_collector_failures_total", ("Failing",)] == 1
