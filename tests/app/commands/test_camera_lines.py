"""What `askcam serve` says of its cameras, and how often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.app.commands.camera_lines import MAX_LINES, STALLED_S, STEADY_S, WINDOW_S, CameraLine, CameraLines, words
from askcam.client.protocol import CameraInfo
from askcam.server.access.auth import notices
from askcam.server.terminal.reasons import reason_in
from askcam.server.terminal.words import speak
from askcam.stream.states import State

FLAPPED = " (changed 3 times more since the last line)"
OVER = "the video is over; add ?loop=1 to play it again and again"
INFO = CameraInfo("lobby", "rtsp://h/x", "live", None, 1280, 720, 25.0, 2.0, 40.0, [])


def said(lines: CameraLines, now: float) -> list[tuple[State, str | None, int]]:
    return [(line.state, line.reason, line.changes) for line in lines.due(now)]


def test_each_camera_gets_a_line_at_the_start_and_at_each_loss_and_return() -> None:
    lines = CameraLines()
    lines.changed("lobby", State.CONNECTING, "connecting", 0.0)
    assert said(lines, 1.0) == []
    lines.changed("lobby", State.LIVE, None, 1.0)
    assert said(lines, 1.0 + STEADY_S) == [(State.LIVE, None, 0)]
    assert said(lines, 9.0) == []
    lines.changed("lobby", State.STALLED, "silent", 10.0)
    assert said(lines, 11.0) == []
    lines.changed("lobby", State.LOST, "hung up", 12.0)
    assert said(lines, 12.0) == [(State.LOST, "hung up", 0)]
    lines.changed("lobby", State.LIVE, None, 20.0)
    assert said(lines, 20.0 + STEADY_S) == [(State.LIVE, None, 0)]


def test_a_short_hitch_is_not_told_and_a_long_one_is() -> None:
    lines = CameraLines()
    lines.changed("lobby", State.LIVE, None, 0.0)
    assert len(said(lines, STEADY_S)) == 1
    lines.changed("lobby", State.STALLED, "silent", 10.0)
    lines.changed("lobby", State.LIVE, None, 11.0)
    assert said(lines, 30.0) == []
    lines.changed("lobby", State.STALLED, "silent", 40.0)
    assert [state for state, _, _ in said(lines, 40.0 + STALLED_S)] == [State.STALLED]


def test_the_same_trouble_is_told_once_though_its_numbers_differ_and_another_reason_again() -> None:
    lines = CameraLines()
    lines.changed("lobby", State.LOST, "no answer within 8 s", 0.0)
    assert len(said(lines, 0.0)) == 1
    lines.changed("lobby", State.LOST, "no answer within 9 s", 10.0)
    assert said(lines, 10.0) == []
    lines.changed("lobby", State.LOST, "refused (401)", 20.0)
    assert said(lines, 20.0) == [(State.LOST, "refused (401)", 0)]


@given(
    st.lists(
        st.tuples(st.sampled_from(list(State)), st.floats(0.01, 5), st.sampled_from(["a", "b", None])), max_size=400
    )
)
def test_a_flapping_camera_says_no_more_than_so_many_lines_a_minute(
    steps: list[tuple[State, float, str | None]],
) -> None:
    lines, now, told = CameraLines(), 0.0, []
    for state, wait_s, reason in steps:
        lines.changed("lobby", state, reason, now)
        told += [now for _ in said(lines, now)]
        now += wait_s
        told += [now for _ in said(lines, now)]
        assert sum(now - at < WINDOW_S for at in told) <= MAX_LINES


def test_what_was_left_out_is_summed_up_and_the_last_state_is_told_in_the_end() -> None:
    lines = CameraLines()
    for number in range(100):
        lines.changed("lobby", State.LIVE if number % 2 else State.LOST, f"r{'x' * number}", number * 0.5)
        said(lines, number * 0.5)
    [(state, _, changes)] = said(lines, 49.5 + WINDOW_S)
    assert state is State.LIVE
    assert changes > 40


@pytest.mark.parametrize(
    ("language", "line", "text"),
    [
        ("en", CameraLine("lobby", State.LIVE), "lobby is live: 1280x720, 25 frames/s"),
        ("zh", CameraLine("lobby", State.LIVE), "lobby 画面正常：1280x720, 每秒 25 帧"),
        ("en", CameraLine("lobby", State.LOST, "it hung up", 3), "lobby is down: it hung up" + FLAPPED),
        ("zh", CameraLine("lobby", State.ENDED, OVER), "lobby 已结束：视频已放完；加上 ?loop=1 可循环播放"),
        ("en", CameraLine("lobby", State.CONNECTING, "connecting"), "lobby shows nothing yet: connecting"),
    ],
)  # fmt: skip
def test_a_line_is_in_the_language_that_is_spoken_and_without_colour(
    language: str, line: CameraLine, text: str
) -> None:
    speak(language)
    try:
        assert words(line, INFO) == text
    finally:
        speak("en")


def test_reasons_are_told_in_chinese_as_far_as_they_are_known() -> None:
    reason = (
        "rtsp://h/x: nothing listens at h:554 (connection refused): is the camera on, is the port right?; trying again"
    )
    assert reason_in(reason, "zh") == "rtsp://h/x: h:554 无人监听（连接被拒绝）：摄像头开着吗？端口对吗？；正在重试"
    assert reason_in("something else", "zh") == "something else"
    assert reason_in(reason, "en") == reason


@pytest.mark.parametrize(("host", "has_token"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_what_is_said_at_the_start_is_translated(host: str, has_token: bool) -> None:
    for notice in notices(host, has_token, tls=False):
        assert "，" in reason_in(notice, "zh") or "：" in reason_in(notice, "zh")
        assert reason_in(notice, "en") == notice
