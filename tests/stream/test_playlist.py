"""A live playlist tells when its segments were recorded: by dates that can be, else by when they appear."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askcam.stream.frame import AgeBasis
from askcam.stream.sources.playlist import MAX_SEGMENTS, Playlist, PlaylistClock, parse

OFFSET = 1_700_000_000.0


def playlist(now: float, length: float, *, dated: float | None = None, late: float = 0.0) -> Playlist:
    """What a camera that records since 0 has published by `now`: the last three segments, as text and read again."""
    newest = int((now - late) / length) - 1
    lines = ["#EXTM3U", f"#EXT-X-MEDIA-SEQUENCE:{newest - 2}"]
    for number in range(newest - 2, newest + 1):
        if dated is not None:
            when = datetime.fromtimestamp(OFFSET + number * length + dated, UTC)
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{when.isoformat(timespec='milliseconds')}")
        lines += [f"#EXTINF:{length:.3f},", f"{number}.ts"]
    found = parse("\n".join(lines))
    assert found is not None
    return found


def watched(length: float, begin: float, for_s: float, seed: int = 0, **odd: float) -> tuple[PlaylistClock, float]:
    """A clock that has looked about every 0.3 s; and the first timestamp that was read, which is 1000 later."""
    rng, now, clock = random.Random(seed), begin, PlaylistClock(OFFSET)
    first = playlist(now, length, **odd).segments[-1].number
    clock.look(playlist(now, length, **odd), now, now + 0.02)
    clock.join()
    while now < begin + for_s:
        now += rng.uniform(0.25, 0.35)
        clock.look(playlist(now, length, **odd), now, now + 0.02)
    return clock, first * length


def error_s(clock: PlaylistClock, start: float, after: float) -> tuple[float, AgeBasis]:
    """Told less true age of the frame `after` seconds of film after the first one, which was recorded at `start`."""
    clock.captured(1000.0)
    told = clock.captured(1000.0 + after)
    assert told is not None
    return start + after - told[0], told[1]


@settings(deadline=None)
@given(st.floats(0.5, 10), st.floats(40, 60), st.integers(0, 9), st.floats(0, 10))
def test_without_dates_segments_are_as_old_as_their_appearance_makes_them(
    length: float, begin: float, seed: int, segments: float
) -> None:
    clock, start = watched(length, begin, 12 * length, seed)
    error, basis = error_s(clock, start, segments * length)
    assert abs(error) < 0.5
    assert basis is AgeBasis.ARRIVAL


@pytest.mark.parametrize("late", [0.0, 0.3, 1.5, 8.0])
@pytest.mark.parametrize("length", [1.0, 4.0, 10.0])
def test_dates_tell_what_packaging_took(length: float, late: float) -> None:
    clock, start = watched(length, 50.3, 3 * length, dated=0.0, late=late)
    for after in (0.0, length / 2, 2.5 * length):
        error, basis = error_s(clock, start, after)
        assert error == pytest.approx(0, abs=0.01)
        assert basis is AgeBasis.CAPTURE


@pytest.mark.parametrize("wrong", [3600.0, 5.0, -3600.0, -60.0])
def test_dates_of_a_wrong_clock_are_not_believed(wrong: float) -> None:
    clock, start = watched(2.0, 50.3, 10.0, dated=wrong)
    error, basis = error_s(clock, start, 3.0)
    assert abs(error) < 0.5
    assert basis is AgeBasis.ARRIVAL


def test_before_a_segment_has_appeared_it_is_told_as_old_as_it_may_be() -> None:
    for begin in (48.1, 49.9, 51.5):
        clock, start = watched(4.0, begin, 0.0)
        error, _ = error_s(clock, start, 1.0)
        assert -0.05 <= error <= 4.05


def test_a_playlist_that_a_dead_camera_left_is_as_old_as_its_dates_say() -> None:
    clock = PlaylistClock(OFFSET)
    clock.look(playlist(50.0, 2.0, dated=0.0), 900.0, 900.1)
    clock.join()
    told = clock.captured(7.0)
    assert told is not None
    assert told[0] < 60


@pytest.mark.parametrize("number", [0, 3])
def test_a_playlist_that_begins_anew_tells_nothing(number: int) -> None:
    clock, _ = watched(2.0, 50.3, 5.0)
    anew = parse(f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:{number}\n#EXTINF:2,\na.ts\n")
    assert anew is not None
    assert clock.captured(1000.0) is not None
    clock.look(anew, 60.0, 60.1)
    assert clock.captured(1001.0) is None


def test_timestamps_that_begin_anew_tell_nothing() -> None:
    clock, _ = watched(2.0, 50.3, 5.0)
    assert clock.captured(1000.0) is not None
    assert clock.captured(3.0) is None
    broken = parse("#EXTM3U\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\na.ts\n")
    assert broken is not None
    assert broken.broken


def test_a_list_of_lists_names_its_first() -> None:
    found = parse("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\nlow/live.m3u8?a=b\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhigh\n")
    assert found is not None
    assert found.variant == "low/live.m3u8?a=b"


def test_one_segment_more_than_are_read_is_left_out() -> None:
    found = parse("#EXTM3U\n" + "#EXTINF:1,\na.ts\n" * (MAX_SEGMENTS + 1))
    assert found is not None
    assert [found.segments[0].number, len(found.segments)] == [1, MAX_SEGMENTS]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["#EXTINF", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-STREAM-INF", "a.ts", "#X"]
            ),
            st.sampled_from([":", ""]),
            st.sampled_from(["1", "nan", "inf", "-1", "1e999", "9" * 30, "٣", "2026-01-01", "0001-01-01T00:00:00Z", ""])
            | st.text(max_size=9),
        ),
        max_size=12,
    )
)
def test_no_playlist_of_any_kind_breaks_it(lines: list[tuple[str, str, str]]) -> None:
    found = parse("#EXTM3U\n" + "\n".join(map("".join, lines)))
    assert found is not None
    clock = PlaylistClock(OFFSET)
    clock.look(found, 1.0, 1.1)
    clock.join()
    clock.look(found, 2.0, 2.1)
    clock.captured(5.0)
